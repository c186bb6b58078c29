# Two images: `plugin` builds the procedures with Maven and hands the jar over; `mmkg` is the command line.

FROM maven:3.9-eclipse-temurin-17 AS plugin
WORKDIR /build
COPY procedures/pom.xml .
RUN mvn --batch-mode --quiet dependency:go-offline
COPY procedures/src src
RUN mvn --batch-mode --quiet package -DskipTests
# The container's one job: put the jar where the database's plugin volume is mounted.
CMD ["cp", "target/mmkg-procedures.jar", "/plugins/mmkg-procedures.jar"]

FROM python:3.11-slim AS mmkg
WORKDIR /app
COPY requirements.lock .
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE cli.py ./
COPY mmkg mmkg
COPY kg kg
COPY ingest ingest
COPY storage storage
COPY gnn gnn
COPY procedures procedures
RUN pip install --no-cache-dir --no-deps .
RUN useradd --create-home mmkg
USER mmkg
ENV MMKG_HOME=/home/mmkg/data MMKG_CACHE=/home/mmkg/cache
ENTRYPOINT ["mmkg"]
