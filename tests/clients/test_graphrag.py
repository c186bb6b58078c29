"""neo4j-graphrag, the library by which language models read Neo4j, finds films by our vector index."""

from __future__ import annotations

import pytest
import small_graph
from neo4j_graphrag.retrievers import VectorCypherRetriever

from kg import Graph

FACTS = """
OPTIONAL MATCH (node)<-[:DIRECTED]-(director)
WITH node, score, director
CALL mmkg.similar(node, {k: 1}) YIELD item
RETURN node.title AS film, director.name AS director, item.title AS similar, score ORDER BY score DESC
"""

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:neo4j_graphrag.*")


def test_vectors_facts_and_procedures_in_one_question(films: Graph) -> None:
    retriever = VectorCypherRetriever(films.driver, "movie_embedding_a", FACTS, neo4j_database=films.database)
    nearest_to_m = small_graph.direction(4)
    records = retriever.get_search_results(query_vector=nearest_to_m, top_k=3).records
    assert (records[0]["film"], records[0]["director"]) == ("M", "Fritz Lang")
    assert {record["film"] for record in records} == {"M", "Faust", "Sunrise"}
    assert all(record["similar"] for record in records)
    texts = [item.content for item in retriever.search(query_vector=nearest_to_m, top_k=1).items]
    assert len(texts) == 1
    assert "Fritz Lang" in texts[0]
