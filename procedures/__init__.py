"""The Java plugin of the database, and how it is built without a JDK."""
