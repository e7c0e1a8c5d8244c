//! One policy upon another: it may ask for more, never for less.

use vocabulary::{BehaviourTerms, Bound, DigestCache, Policy, Requirement};

use crate::probe;

/// Something by which a policy would ask for less than the one that it extends.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Weaker {
    /// The table that it stands in, where it stands in one.
    pub(super) table: Option<&'static str>,
    /// The key.
    pub(super) key: String,
    /// What is wrong, in a sentence.
    pub(super) because: String,
}

/// What both ask for together. `own` is the policy that extends `base`.
///
/// Exceptions are no weakening in this sense: each accepts one finding, has an owner and a last day,
/// and every report tells it.
pub(super) fn onto(base: &Policy, own: Policy) -> Result<Policy, Weaker> {
    let mut both = own;
    let top = |key: &str, because: String| Weaker { table: None, key: key.to_owned(), because };
    for (key, ours, theirs) in
        [("refuse", both.refuse, base.refuse), ("review", both.review, base.review)]
    {
        if ours > theirs {
            let because = format!("`{key}` is `{ours}`, and `{}` has `{theirs}`", base.name);
            return Err(top(key, because));
        }
    }
    checks(base, &mut both)?;
    formats(base, &mut both)?;
    if both.digest_cache == DigestCache::Trust && base.digest_cache == DigestCache::Ignore {
        let because = format!("`{}` has every file read", base.name);
        return Err(top("digest-cache", because));
    }
    signature(base, &mut both)?;
    for step in &base.lineage.required {
        if !both.lineage.required.contains(step) {
            both.lineage.required.push(step.clone());
        }
    }
    both.lineage.max_age_days = match (base.lineage.max_age_days, both.lineage.max_age_days) {
        (Some(theirs), Some(ours)) if ours > theirs => {
            let because = format!("`{}` allows {theirs} days", base.name);
            return Err(in_table("lineage", "max-age-days", because));
        }
        (theirs, ours) => ours.or(theirs),
    };
    let (ours, theirs) = (&mut both.approval, base.approval);
    for (key, ours, theirs) in [
        ("approvers", &mut ours.approvers, theirs.approvers),
        ("waiver-approvers", &mut ours.waiver_approvers, theirs.waiver_approvers),
    ] {
        *ours = ours.or(theirs);
        if *ours < theirs {
            let because = format!("`{}` asks for {}", base.name, theirs.unwrap_or(1));
            return Err(in_table("approval", key, because));
        }
    }
    behaviour(&base.name, &base.behaviour, &mut both.behaviour)?;
    let mut exceptions = base.exceptions.clone();
    exceptions.append(&mut both.exceptions);
    both.exceptions = exceptions;
    let mut signers = base.signers.clone();
    signers.append(&mut both.signers);
    both.signers = signers;
    Ok(both)
}

fn in_table(table: &'static str, key: &str, because: String) -> Weaker {
    Weaker { table: Some(table), key: key.to_owned(), because }
}

fn checks(base: &Policy, both: &mut Policy) -> Result<(), Weaker> {
    let weight = |requirement| match requirement {
        Requirement::Off => 0,
        Requirement::Optional => 1,
        Requirement::Required => 2,
    };
    for (check, theirs) in &base.checks {
        let ours = *both.checks.entry(check.clone()).or_insert(*theirs);
        if weight(ours) < weight(*theirs) {
            let because = format!("`{}` asks for more of `{check}`", base.name);
            return Err(in_table("checks", &check.0, because));
        }
    }
    // A check that the other does not name is optional there: its findings count.
    for (check, ours) in &both.checks {
        if *ours == Requirement::Off && !base.checks.contains_key(check) {
            let because = format!("the findings of `{check}` count for `{}`", base.name);
            return Err(in_table("checks", &check.0, because));
        }
    }
    Ok(())
}

fn formats(base: &Policy, both: &mut Policy) -> Result<(), Weaker> {
    if both.formats.is_empty() {
        both.formats.clone_from(&base.formats);
    }
    let more = both.formats.iter().find(|format| !base.formats.contains(format));
    match more.filter(|_| !base.formats.is_empty()) {
        None => Ok(()),
        Some(more) => {
            let because = format!("`{}` does not permit `{}`", base.name, vocabulary::escape(more));
            Err(Weaker { table: None, key: "formats".to_owned(), because })
        }
    }
}

fn behaviour(name: &str, theirs: &BehaviourTerms, ours: &mut BehaviourTerms) -> Result<(), Weaker> {
    let weaker = |key: &str, because: String| Err(in_table("behaviour", key, because));
    for pack in &theirs.packs {
        if !ours.packs.contains(pack) {
            ours.packs.push(pack.clone());
        }
    }
    // Another seed asks other prompts of the same kind, and is no less.
    ours.seed = ours.seed.or(theirs.seed);
    if (ours.signed, theirs.signed) == (Some(false), Some(true)) {
        return weaker("signed", format!("`{name}` asks for a signed evaluation"));
    }
    ours.signed = ours.signed.or(theirs.signed);
    ours.max_age_days = match (theirs.max_age_days, ours.max_age_days) {
        (Some(days), Some(own)) if own > days => {
            return weaker("max-age-days", format!("`{name}` allows {days} days"));
        }
        (days, own) => own.or(days),
    };
    if ours.gates.is_empty() {
        ours.gates.clone_from(&theirs.gates);
        return Ok(());
    }
    // What the other asks for: its own bounds, and those of its packs beside them.
    let asked =
        probe::bounds_of(theirs).map_err(|because| in_table("behaviour", "packs", because))?;
    for (probe, (most, least)) in &asked {
        let Some(own) = ours.gates.get_mut(probe) else { continue };
        let kept = theirs.gates.get(probe);
        own.at_most = own.at_most.or(kept.and_then(|kept| kept.at_most));
        own.at_least = own.at_least.or(kept.and_then(|kept| kept.at_least));
        let number = |bound: Option<Bound>| bound.map(f64::from);
        let less = number(own.at_most).zip(*most).is_some_and(|(own, most)| own > most)
            || number(own.at_least).zip(*least).is_some_and(|(own, least)| own < least);
        if less {
            let probe = vocabulary::escape(probe);
            return weaker("gates", format!("`{name}` asks for more of `{probe}`"));
        }
    }
    for (probe, theirs) in &theirs.gates {
        ours.gates.entry(probe.clone()).or_insert(*theirs);
    }
    Ok(())
}

fn signature(base: &Policy, both: &mut Policy) -> Result<(), Weaker> {
    let (ours, theirs) = (&both.signature, &base.signature);
    if ours.ignore.iter().any(|path| !theirs.ignore.contains(path)) {
        let because = format!("`{}` lets no signature leave that out", base.name);
        return Err(in_table("signature", "ignore", because));
    }
    if ours.allow_symlinks && !theirs.allow_symlinks {
        let because = format!("`{}` does not take links for signed files", base.name);
        return Err(in_table("signature", "allow-symlinks", because));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::policy::{Error, Policy};

    const HEAD: &str = "name = \"ours\"\nextends = \"level-3\"\n";

    #[test]
    fn what_is_not_said_is_taken_over() {
        let base = Policy::shipped("level-3").unwrap();
        let ours = Policy::parse(&format!("{HEAD}{}", signer()), "ours").unwrap();
        assert_eq!(ours.terms.name, "ours");
        assert_eq!(ours.terms.checks, base.terms.checks);
        assert_eq!(ours.terms.formats, base.terms.formats);
        assert_eq!((ours.terms.refuse, ours.terms.review), (base.terms.refuse, base.terms.review));
        assert_eq!(ours.terms.approval, base.terms.approval);
        assert_ne!(ours.digest, base.digest);
        let names: Vec<&str> = ours.extends.iter().map(|base| base.name.as_str()).collect();
        assert_eq!(names, ["level-3", "level-2", "level-1"]);
        assert_eq!(ours.extends[0].digest, base.digest);
    }

    fn signer() -> String {
        use provenance::keys::{PrivateKey, Scheme, Sign as _};
        let key = PrivateKey::generate(Scheme::EcdsaP256).unwrap();
        format!("[[signer]]\nname = \"a\"\nkey = \"\"\"{}\"\"\"\n", key.public_key().pem())
    }

    #[test]
    fn it_may_ask_for_more() {
        for more in [
            "refuse = \"low\"\n",
            "review = \"info\"\n",
            "formats = [\"safetensors\", \"json\"]\n",
            "[checks]\nintegrity = \"required\"\nformats = \"required\"\n",
            "[lineage]\nrequired = [\"train\"]\nmax-age-days = 30\n",
            "[approval]\napprovers = 3\n",
            "[behaviour.gates]\n\"triggers/planted-text\" = { at-most = 0.01 }\n",
            "[limits]\ndepth = 4\n",
            "[[exceptions]]\nrule = \"a\"\nreason = \"b\"\nowner = \"c\"\nexpires = \"2027-01-01\"\n",
        ] {
            let text = format!("{HEAD}{more}{}", signer());
            assert!(Policy::parse(&text, "ours").is_ok(), "{more}");
        }
    }

    #[test]
    fn it_may_not_ask_for_less_and_the_line_is_told() {
        for (less, line, says) in [
            ("refuse = \"high\"\n", 3, "`refuse` is `high`"),
            ("review = \"medium\"\n", 3, "`review` is `medium`"),
            ("formats = [\"safetensors\", \"pickle\"]\n", 3, "does not permit `pickle`"),
            ("digest-cache = \"trust\"\n", 3, "every file read"),
            ("[checks]\nstatic = \"optional\"\n", 4, "more of `static`"),
            ("[checks]\nlineage = \"off\"\n", 4, "more of `lineage`"),
            ("[checks]\nbehaviour = \"off\"\n", 4, "more of `behaviour`"),
            ("[checks]\nintegrity = \"off\"\n", 4, "the findings of `integrity` count"),
            ("[signature]\nignore = [\"a\"]\n", 4, "leave that out"),
            ("[signature]\nallow-symlinks = true\n", 4, "links for signed files"),
            ("[approval]\napprovers = 1\n", 4, "asks for 2"),
            (
                "[behaviour.gates]\n\"triggers/planted-text\" = { at-most = 0.9 }\n",
                3,
                "asks for more of `triggers/planted-text`",
            ),
        ] {
            let text = format!("{HEAD}{less}{}", signer());
            match Policy::parse(&text, "ours") {
                Err(Error::Invalid { fault, .. }) => {
                    assert_eq!(fault.line, Some(line), "{less}");
                    assert!(fault.because.contains(says), "{less}: {}", fault.because);
                }
                other => panic!("{less}: {other:?}"),
            }
        }
    }

    #[test]
    fn what_it_extends_is_a_shipped_policy() {
        for (text, says) in [
            ("name = \"x\"\nextends = \"levl-2\"\n", "no policy is named `levl-2`"),
            ("name = \"x\"\nextends = 2\n", "the name of a shipped policy"),
            ("name = \"x\"\nextends = \"level-2\"\n", "no `[[signer]]` is named"),
            ("name = \"x\"\nreview = \"low\"\n", "missing field `refuse`"),
        ] {
            match Policy::parse(text, "x") {
                Err(Error::Invalid { fault, .. }) => {
                    assert!(fault.because.contains(says), "{text}: {}", fault.because);
                }
                other => panic!("{text}: {other:?}"),
            }
        }
    }
}
