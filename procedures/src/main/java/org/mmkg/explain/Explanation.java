package org.mmkg.explain;

import java.util.List;
import java.util.Map;

/** Why a film was recommended: in words, and as data. */
public record Explanation(String reason, List<Map<String, Object>> because) {}
