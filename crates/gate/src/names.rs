/// The candidates that a misspelled name may stand for, the likeliest first, at most three.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut ranked: Vec<(usize, &str)> = candidates
        .into_iter()
        .filter_map(|candidate| {
            let distance = strsim::damerau_levenshtein(name, candidate);
            let close = distance <= candidate.len().div_ceil(3);
            let inside = name.len() >= 4 && candidate.contains(name);
            // A part of a name counts as a near miss.
            (close || inside).then_some((if inside { 1 } else { distance }, candidate))
        })
        .collect();
    ranked.sort_unstable();
    ranked.into_iter().map(|(_, candidate)| candidate).take(3).collect()
}

/// `did you mean …?` for a misspelled name, where something is near.
pub(crate) fn suggestion<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    let near = nearest(name, candidates);
    let shown: Vec<String> = near.iter().map(|near| format!("`{near}`")).collect();
    (!shown.is_empty()).then(|| format!("did you mean {}?", shown.join(" or ")))
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_near_misses_and_parts() {
        let names = ["pickle-code-execution", "pickle-nested", "hidden-bytes"];
        assert_eq!(nearest("pickle-code-exection", names), ["pickle-code-execution"]);
        assert_eq!(nearest("nested", names), ["pickle-nested"]);
        assert!(nearest("zzz", names).is_empty());
    }
}
