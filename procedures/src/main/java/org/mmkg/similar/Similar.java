package org.mmkg.similar;

import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.mmkg.graph.Nodes;
import org.mmkg.graph.Vocabulary;
import org.mmkg.model.Model;
import org.mmkg.model.Models;
import org.mmkg.recall.NearestFilms;
import org.mmkg.recall.Scored;
import org.neo4j.graphdb.Node;
import org.neo4j.graphdb.Transaction;
import org.neo4j.logging.Log;
import org.neo4j.procedure.Context;
import org.neo4j.procedure.Description;
import org.neo4j.procedure.Mode;
import org.neo4j.procedure.Name;
import org.neo4j.procedure.Procedure;
import org.neo4j.procedure.TerminationGuard;

/** The procedure mmkg.similar. */
public final class Similar {

    @Context
    public Transaction tx;

    @Context
    public TerminationGuard guard;

    @Context
    public Log log;

    @Procedure(name = "mmkg.similar", mode = Mode.READ)
    @Description("Finds the films that are nearest to a film by the vectors of a trained model.")
    public Stream<SimilarFilm> similar(
            @Name(value = "movie", description = "A Movie node.") Node movie,
            @Name(value = "options", defaultValue = "{}", description = SimilarOptions.DESCRIPTION)
                    Map<String, Object> options) {
        SimilarOptions checked = SimilarOptions.of(options);
        Nodes.required("movie", movie, Vocabulary.MOVIE);
        Model model = Models.find(tx, checked.model());
        double[] vector = model.vector(movie).orElseThrow(() -> Models.withoutVector(movie, model));
        List<Scored> films = new NearestFilms(tx, guard, log, model, model::vector)
                .find(vector, checked.k(), checked.candidates(), film -> !film.equals(movie));
        model.requireSlot();
        return IntStream.range(0, films.size()).mapToObj(i -> new SimilarFilm(films.get(i), i + 1));
    }
}
