package org.mmkg.similar;

import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.mmkg.estimate.Estimate;
import org.mmkg.graph.Counts;
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

/** The procedures mmkg.similar and mmkg.similar.estimate. */
public final class Similar {

    @Context
    public Transaction tx;

    @Context
    public TerminationGuard guard;

    @Context
    public Log log;

    @Procedure(name = "mmkg.similar", mode = Mode.READ)
    @Description("Finds the films that are nearest to a film by the vectors of a trained model, or by their media alone.")
    public Stream<SimilarFilm> similar(
            @Name(value = "movie", description = "A Movie node.") Node movie,
            @Name(value = "options", defaultValue = "{}", description = SimilarOptions.DESCRIPTION)
                    Map<String, Object> options) {
        SimilarOptions checked = SimilarOptions.of(options);
        Nodes.required("movie", movie, Vocabulary.MOVIE);
        Model model = Models.find(tx, checked.model());
        Likeness likeness = Likeness.of(model, checked.by());
        double[] vector = likeness.vector(movie);
        List<Scored> films = new NearestFilms(tx, guard, log, model, likeness.space())
                .find(vector, checked.k(), checked.candidates(), film -> !film.equals(movie));
        likeness.require();
        return IntStream.range(0, films.size()).mapToObj(i -> new SimilarFilm(films.get(i), i + 1));
    }

    @Procedure(name = "mmkg.similar.estimate", mode = Mode.READ)
    @Description("Tells what mmkg.similar would read at most, without doing it.")
    public Stream<Estimate> estimate(
            @Name(value = "movie", description = "A Movie node.") Node movie,
            @Name(value = "options", defaultValue = "{}", description = SimilarOptions.DESCRIPTION)
                    Map<String, Object> options) {
        SimilarOptions checked = SimilarOptions.of(options);
        Nodes.required("movie", movie, Vocabulary.MOVIE);
        Model model = Models.find(tx, checked.model());
        double[] vector = Likeness.of(model, checked.by()).vector(movie);
        long films = Counts.of(tx).nodesWith("Movie");
        long known = Math.min(films, model.films(checked.by()).orElse(films));
        return Stream.of(SimilarEstimate.of(checked, films, known, vector.length));
    }
}
