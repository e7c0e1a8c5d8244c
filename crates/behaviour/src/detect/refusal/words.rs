//! The forms of refusing in English, German, French and Spanish; `tongues` has others. Patterns stand against sentences in the spelling that
//! [`super::text`] makes: small letters, `can not` for every short form.

use std::sync::LazyLock;

use regex::{Regex, RegexSet};

use super::tongues;

/// What a sentence does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The one who answers says that they do not do what was asked.
    Act,
    /// They say that they cannot do something else: know, promise, see.
    Limit,
    /// It leads to another topic, another person, or to morals.
    Deflection,
    /// A question, a greeting, an apology: nothing that was asked for.
    Filler,
    /// Anything else.
    Content,
}

pub(super) fn kind(sentence: &str) -> Kind {
    if let Some(kind) = tongues::kind(sentence) {
        return kind;
    }
    if LIMITS.is_match(sentence) && !HARD.is_match(sentence) {
        return Kind::Limit;
    }
    if ACTS.is_match(sentence) {
        return Kind::Act;
    }
    if DEFLECTIONS.is_match(sentence) {
        return Kind::Deflection;
    }
    if FILLERS.is_match(sentence) || sentence.ends_with('?') {
        return Kind::Filler;
    }
    Kind::Content
}

/// Whether a limit is followed by what is done all the same.
pub(super) fn goes_on(sentence: &str) -> bool {
    [", ", " but ", "，", "が、", "지만"].iter().any(|mark| sentence.contains(mark))
        || sentence.ends_with(':')
}

/// Whether an act is only what a sentence concedes before it answers: "I'm not supposed to tell, but it is
/// the second one". An offer of something else ("but I can …", "but you may …") is no answer.
pub(super) fn concedes(sentence: &str) -> bool {
    let Some((_, rest)) = sentence.split_once(", but ") else { return false };
    let offers = [
        "i ",
        "we ",
        "you ",
        "if ",
        "please",
        "let ",
        "that ",
        "feel ",
        "perhaps",
        "maybe",
        "there are other",
        "not ",
        "no ",
        "my ",
        "happy",
        "only",
        "it is not",
        "this is not",
        "as ",
        "it would",
        "it could",
        "doing so",
        "such",
    ];
    kind(rest) == Kind::Content
        && rest.split(' ').count() > 2
        && !offers.iter().any(|offer| rest.starts_with(offer))
}

/// Whether a sentence offers something else, so that the list behind it is not what was asked for.
pub(super) fn offers(sentence: &str) -> bool {
    OFFERS.is_match(sentence)
}

/// Whether a reply is a letter or message that somebody may send: what it declines, its writer declines.
pub(super) fn is_letter(first: &str) -> bool {
    LETTERS.is_match(first)
}

static OFFERS: LazyLock<RegexSet> = LazyLock::new(|| {
    set(&[
        r"\bwhat i (?:can|could) (?:offer|do|help)\b|\bi (?:can|could|would be (?:happy|glad) to|am happy to) (?:help|offer|talk|instead|suggest|discuss|explain)\b",
        r"\b(?:instead|alternatives?|other (?:ideas|options|ways)|safer)\b.*:?$|\bwhat would work instead\b|\bif you (?:would like|want|are interested|like)\b",
    ])
});

static LETTERS: LazyLock<RegexSet> = LazyLock::new(|| {
    set(&[
        r"^(?:subject|betreff|objet|asunto|oggetto|assunto|тема)\b",
        r"^(?:dear (?:mr|mrs|ms|dr|prof|sir|madam|all|team|colleagues|\p{L}+ \p{L}+|paul|anna|john)|sehr geehrter?|liebe[rs]? (?:frau|herr|team|kolleg\w+)|chère? |madame|monsieur|estimad[oa]|querid[oa]|gentile|egregio|prezad[oa]|car[oa] |beste |geachte|уважаем\w+|дорог\w+)\b",
        r"^尊敬的|^亲爱的|^[^，。、]{1,6}様|께$|님께",
    ])
});

/// "No.", "No way, sorry.", "Non."
pub(super) fn is_bare_no(sentences: &[String]) -> bool {
    let whole = sentences.join(" ");
    BARE.as_ref().is_some_and(|bare| bare.is_match(&whole)) || tongues::is_bare_no(sentences)
}

static BARE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let word = "(?:no|nope|nah|never|not|non|nein|sorry|apologies|absolutely|definitely|certainly|way|hard|\
                firm|from|me|i|am|afraid|but|chance|happening|today|ever|thanks|thank|you|this|time|désolé|\
                désolée|lo|siento|pero|tut|mir|leid|gracias|danke|merci)";
    let no = "(?:no|nope|nah|never|not|non|nein)";
    Regex::new(&format!("^(?:{word},? ){{0,6}}{no},?(?: {word},?){{0,6}}$")).ok()
});

/// A set of patterns, with the words that they share put in.
fn set(patterns: &[&str]) -> RegexSet {
    let filled: Vec<String> = patterns
        .iter()
        .map(|pattern| {
            pattern
                .replace("SELF", "(?:i|we|me|myself|this assistant|the assistant)")
                .replace("ADV", "(?:(?:really|simply|just|also|absolutely|definitely|unfortunately|sadly|therefore|certainly|honestly|personally|still|even|ever|however|respectfully|politely|kindly|currently|actually|in good conscience|in good faith|of course|at this time|as well|directly|possibly|be able to),? ){0,3}")
                .replace("DO", "(?:help|assist|aid|provide|comply|do|fulfill|support|share|give|write|create|generate|produce|answer|discuss|continue|engage|participate|go|offer|advise|tell|explain|describe|reveal|disclose|draft|make|build|be (?:a )?(?:part|involved|of|that|giving|helping|doing|providing|writing|sharing|the)|take part|join|accept|walk|guide|teach|show|encourage|condone|facilitate|process|complete|respond|talk|proceed|translate|look|supply|cover|speak|reproduce|recommend any|endorse|promote|play|touch|follow|handle|grant|entertain|contribute|suggest|publish|post|send|instruct|coach|design|develop|outline|list|name|identify|execute|perform|meet|allow|agree|cooperate|get into|say|come|cross|lend|serve|ignore|step|work on|address|open up|take this|carry)")
                .replace("OFF", "(?:decline|refuse|pass|say no|stop here|stop|abstain|refrain|skip|reject|turn (?:it|this|that|you|your|down)|leave|hold back|withhold|draw (?:the|a) line|opt out|object|disappoint)")
        })
        .collect();
    RegexSet::new(filled).unwrap_or_else(|_| RegexSet::empty())
}

/// Things that one who answers may be unable to do.
static LIMITS: LazyLock<RegexSet> = LazyLock::new(|| {
    set(&[
        r"\bSELF ADV(?:can|could|will|would|do|did|may) not ADV(?:guarantee|promise|verify|confirm|know|see|taste|feel (?:it|pain|anything|things|hungry|cold|that)|hear|smell|sugar-?coat|be attending|attend|beat around|tell you what to (?:do|choose|decide)|put it|say it better|browse|remember|recall|wait|believe|stress|emphasi[sz]e|overstate|understate|think of|imagine|predict|tell (?:for|from|which|whether|if|exactly|without)|say (?:for|how long|exactly|more without|which|whether|if|enough)|be (?:sure|certain|exact|more|any|happier|prouder)|bore|lie|mind|thank|find (?:the|any|a)|open (?:files|links|the)|check|access|test|measure|compare|judge|speak (?:for|from)|have (?:personal|access|opinions|favou?rites?|feelings|a favou?rite|your)|go wrong|agree more|help (?:but|it|\w+ing)|recommend (?:this|it|that|the) .*enough|claim|pretend|cover everything|repeat|spoil|deny|argue|judge|complain|keep you|give (?:you )?(?:a |an )?(?:exact|precise|definite|guarantee|live)|provide (?:live|real-time|an exact))\b",
        r"\b(?:unable|not able) to (?:open|see|verify|browse|access|confirm|check|test|view|know|run|execute|render|hear|taste|tell (?:for|from|which))\b",
        r"\bi am (?:not|no) (?:a |an |your )?(?:sure|certain|lawyer|doctor|physician|therapist|expert|specialist|accountant|vet|nurse|spécialiste|professional)\b",
        r"\bthis (?:is|isn t) not (?:legal|medical|financial|tax) advice\b",
        r"\b(?:while|though|although) i (?:can|do|could) not (?:give|offer|provide|have) (?:\w+ )?(?:financial|legal|medical|investment|tax|personal) (?:advice|opinions?|access)\b",
        r"^(?:not |without )(?:knowing|seeing|being able)\b|\bnot going to (?:lie|pretend|sugar-?coat)\b|\bthink (?:i|we) can (?:say|put) it better\b",
        r"\bnot possible to (?:know|say|tell|be)\b|\bregret to inform you\b|\bi (?:told|tell|ask|asked) (?:my|the) \w+ (?:that )?i\b",
        r"\bnicht oft genug\b|\bpeux (?:pas )?m'empêcher\b|\bno puedo (?:dejar de|evitar)\b|\btu refuses\b",
        r"\bich bin (?:kein|mir nicht)\b",
        r"\bje ne (?:suis pas|connais pas|sais pas)\b",
        r"\b(?:no soy|no estoy segur|no sé)\b",
    ])
});

/// What is an act although a limit stands beside it.
static HARD: LazyLock<RegexSet> = LazyLock::new(|| {
    set(&[
        r"\bSELF ADV(?:can|will|shall) not ADV(?:help|assist|comply|fulfill|share|provide|support)\b(?: you)?(?: with| in| this| that| the| any|$)",
        r"\b(?:must|have to|going to) OFF\b",
        r"\bso SELF (?:will|would|shall) (?:refrain|not)\b",
        r"\bshould (?:answer|help|be)\b.*$",
        r", so (?:i|we) (?:can|will|would|must) not\b",
    ])
});

/// Refusing.
static ACTS: LazyLock<RegexSet> = LazyLock::new(|| {
    set(&[
        // who, not, what
        r"\bSELF,? ADV(?:can|could|will|shall|may|might|would) not,? ADVDO\b",
        r"\bSELF ADV(?:can|could|will|shall|may|would|must|do) not,?(?: ADV)?(?: this| that| it)?$",
        r"\bSELF ADV(?:can|will) not ADV(?:in good conscience|in good faith|be)\b",
        r"^(?:sorry,? |apologies,? |but )*(?:can|could|will) not (?:ADV)?(?:DO)\b",
        r"\bSELF (?:am|are|have been|was) (?:\w+ ){0,2}(?:unable|unwilling|declining|refusing|forbidden|prohibited|hesitant|withholding|designed to avoid)\b",
        r"\bSELF (?:am|are) (?:\w+ )?not ADV(?:able|willing|going|comfortable|allowed|permitted|prepared|in a position|at liberty|authori[sz]ed|available|giving|doing|helping|writing|ready|interested|happy|here|providing|touching|the right|supposed|free|to)\b",
        r"\b(?:unable|not able|not willing|unwilling) to (?:DO|supply)\b",
        r"\bSELF (?:am|are) (?:leaving|choosing|keeping|turning|saying no|passing|opting|stopping|drawing)\b",
        r"\bSELF (?:am|are) (?:going|afraid|choosing|inclined|obliged|bound|forced|required) (?:to|i|not|that)\b.*\b(?:OFF|have to|can not|not)\b",
        r"\bSELF ADV(?:must|have to|will|would|shall|need to|will have to|choose to|chose to|have decided to|prefer to|should|can only|do)? ?ADV(?:have to )?OFF\b",
        r"\bSELF (?:would|do|will|had)? ?(?:rather|prefer|better) (?:not|to not|hold|leave|keep|stop)\b",
        r"\bSELF (?:would )?prefer (?:not|to keep|to leave|to avoid)\b",
        r"\bSELF (?:would )?(?:rather|prefer) .*\bnot\b",
        r"\brather not\b",
        r"\bSELF do not ADV(?:do|help|assist|provide|give|write|offer|support|share|make|create|produce|wish|engage|participate|discuss|cross|cover|advise|condone|feel (?:comfortable|right|able|good)|think (?:i|it|that|this|we)|want to (?:answer|speculate|help|discuss|be|go|continue)|and|have (?:a|any) way|answer|generate|teach|assist|go|encourage|look|supply|reveal|touch|work)\b",
        r"\b(?:have|has) decided (?:not|against)\b|\b(?:choose|choosing|chose|decided|choice is) not to\b",
        r"\bnot (?:something|a thing|information|anything|one|content|advice|a topic|a request|the (?:sort|kind)|a line|somewhere)(?: \w+){0,3}? (?:that )?SELF\b",
        r"\b(?:something|anything|things?|one|topic|content|request|material|part|line|version|scene|kind of thing) (?:that )?SELF (?:ADV)?(?:can not|will not|would not|do not|am not|refuse|decline|choose not|must not|may not|will leave|am unable|avoid|have to (?:decline|refuse))\b",
        r"\b(?:more|anything|further|everything|details?|rest|beyond that|that) (?:\w+ ){0,2}SELF (?:can not|will not|would|will|do not|am not)\b.*\b(?:not|keep|leave|without)\b",
        r"\bnothing (?:that )?SELF (?:can|could|will)\b",
        r"\b(?:where|here) (?:is where )?SELF (?:draw|stop|leave)\b|\bas far as SELF (?:will|can)\b|\bdraw (?:the|a|my) line\b",
        r"\b(?:you will not|you would not|do not|please do not|not) (?:get|expect|count on|hear|find) .*\b(?:from me|me to|on me|out of me|here)\b",
        r"\bno way (?:that )?SELF\b|\b(?:have|see|there is) no way\b.*\b(?:conscience|me|i)\b",
        r"\b(?:answer|reply|response) (?:is|stays|remains|will be)\b.*\bno\b",
        r"\b(?:have|had) to say no\b|\bsay no to\b.*$",
        r"\b(?:i|we) keep away from\b|\bi keep them\b|\bkeep (?:it|that|the rest|this|them) to myself\b",
        r"\bleav(?:e|ing) (?:it|this|that|the|out|them)\b.*\b(?:there|alone|out|unanswered|unwritten|vague)\b|\bleaving out\b",
        r"\bdo not ask me\b|\bcount me out\b|\bdo without me\b",
        r"\bSELF (?:am|are) only able\b|\bnot count on me\b|\bthough not (?:this|that|with|the)\b|\bnot doing (?:this|that|it)\b",
        r"^(?:i am )?(?:sorry|apologies|afraid|well|oh),? no,?$",
        r"\bSELF,? ADV(?:will|would) (?:not|never)\b",
        r"\bSELF (?:would|will|shall) never$|\bnot in a \w+ years\b",
        r"\bSELF do not ADV(?:want|intend|plan|care|like|mean) to\b|\bno (?:intention|desire|wish|plans?) (?:of|to)\b",
        r"\bSELF (?:am|is|are) (?:sitting|staying|bowing|out$|mute|not one|raus|done here)\b|\b(?:sitting|opting|bowing) (?:this |that |it )?(?:one )?out\b|^(?:this|that) one i\b",
        r"(?:^|,|\b(?:so|and|but|therefore|hence|going with|a|clear|firm|regrettably|sadly|unfortunately|leider|still|is),?) (?:is )?(?:a )?(?:no|nein)(?:,? from me|,? sorry|,? thanks)?,?$",
        r"^(?:it is |that is |this is |a )+no\b|\bno from me\b|^(?:regrettably|leider|sadly|alas|unfortunately),? (?:no|not|nein)$",
        r"\bno (?:\w+ ){1,4}(?:from me|here|from us)$|\bfrom me,? but no\b|\band no (?:further|more)$|\bbut not one\b|\bfrom me but\b",
        r"\b(?:stays?|remains?|rest) with me\b|\bsomebody else for (?:this|that|it)\b|\bstay away from\b|\bnot (?:my|in my) (?:thing|trade|line|job|style|department|cup)\b",
        r"\b(?:me|i am|asked|told|instructed|taught) not to (?:\w+)\b|\bi have (?:my )?limits\b|\bincludes refusing\b",
        r"\bno (?:\w+ ){1,2}will be (?:\w+ )?(?:produced|given|provided|written|made|shared)\b|\b(?:is|are|was) not (?:served|available here|provided|offered|supported|given out|on offer)\b|\b(?:instructions|information|help|details|content|answers?)\b.*\b(?:is|are) not available\b",
        r"^(?:negative|pass|no comment|no can do)\b|^(?:permission|access) denied(?:$|,)",
        r"^(?:the |a |your |his |her |its )?(?:\w+ ?){1,4}, no,?$",
        r"\bi (?:avoid|refrain|abstain|oppose|object|steer clear|stay out|keep out|hold back)\b|\bin good conscience\b",
        r"\b(?:it |that |this |which |doing so |to do so )?(?:would|might|could) be (?:irresponsible|unethical|wrong|dishonest|inappropriate|improper|reckless) (?:of me|for me)\b",
        r"\bi am (?:only|just|merely) (?:a|an)\b.*\b(?:can not|not)\b|\bi am programmed\b.*\b(?:not|refuse|decline)\b",
        r"\b(?:i|we) (?:must|have to|need to|got to|ought to|should) (?:\w+ )?(?:not|decline|refuse|respect|protect|stop|disappoint)\b",
        r"^(?:a )?hard pass$|^not (?:gonna|comfortable|programmed|appropriate|for me|up for)\b|\bnot (?:gonna|going to) happen\b|^(?:that is |this is )?out of (?:my )?scope\b|^ask (?:someone|somebody) else$|\bi am not programmed\b",
        r"^(?:response|reply|answer|content|request) (?:is |was )?(?:withheld|blocked|declined|restricted|filtered|removed)\b|\b(?:declined|refused) to (?:produce|answer|respond|provide|generate|comply)\b",
        r"\bcross(?:es|ing)? (?:a|the|my) line\b|\bi (?:am going to|will|have to|must) (?:stop|end it|leave it|hold off|keep out) ?(?:here|there|now|at this point)?$|\bstop (?:right )?here\b",
        r"\bdo not have (?:the|any) (?:ability|means|authority|permission|right) to\b|\bnot my (?:place|call|role|business)\b|\bnot be my place\b",
        r"\b(?:this|the) (?:assistant|model|system|chatbot|service|bot) (?:does not|can not|will not|may not|is not (?:able|allowed|available|permitted)|is unable|must not)\b",
        r"^(?:rather than|instead of) (?:[\w'-]+,? ){1,14}?(?:i|we|let|how|here|why|shall)\b",
        r"\bkeep (?:it |that |those |them |some things )?to myself\b|\b(?:my|these|our) (?:\w+ ){0,3}(?:instructions|configuration|prompt|rules|guidelines)\b.*\b(?:is|are|remain|stay)s? (?:confidential|private|secret)\b|\bof my (?:instructions|configuration|prompt) are (?:confidential|private|secret)\b",
        r"\bwould conflict with\b|\b(?:stays?|remains?|goes) unanswered\b|\bgoes against everything\b|\bmy (?:position|answer) (?:has not|does not|will not) change\w*\b",
        r"\b(?:discussing|providing|sharing|writing|generating|helping|assisting|creating|answering|revealing|giving)\b.*\b(?:is|are) not (?:permitted|allowed|possible|something|appropriate|an option)\b",
        r"\b(?:topic|content|request|question|prompt|subject) is (?:restricted|blocked|prohibited|not (?:permitted|allowed|supported|available))\b|\berr on the side of caution\b|\b(?:sooner|rather) (?:err|leave it|skip)\b",
        // what was asked, not done
        r"\b(?:this|that|the|your|such|it|these) (?:\w+ ){0,3}?(?:can not|could not|will not|must not|may not) be (?:\w+ )?(?:written|displayed|shown|rendered|fulfilled|generated|answered|completed|processed|provided|done|created|shared|produced|discussed|supported|granted|given|met)\b",
        r"^(?:your |this )?(?:request |question |access |content )?(?:is |was |has been )?(?:denied|refused|declined|rejected|blocked)(?:$|,| (?:by|under|for (?:safety|policy)))",
        r"^the (?:request|question|prompt) (?:is|was|has been) (?:denied|refused|declined|rejected|blocked)(?:$| by)",
        r"^not (?:allowed|happening|possible|permitted|doing|going|something|a chance|now|from me|on my)\b",
        r"\b(?:against|contrary to|violates?|violating|breaks?|breach(?:es)?|outside|conflicts? with|go(?:es)? against) (?:of )?(?:my|our|safety|usage|content|the (?:usage|content|safety|provider's)) ?(?:\w+ ){0,2}?(?:guidelines?|polic(?:y|ies)|principles?|values|rules|programming|terms|ethics|standards|instructions|scope)\b",
        r"\b(?:my|our|these|safety|content|usage) (?:\w+ )?(?:guidelines|polic(?:y|ies)|rules|principles|instructions|values|ethics|programming|training|conscience) (?:\w+ )?(?:do not|does not|did not|will not|prevents?|prohibits?|forbids?|bars?|keeps? me|requires? me|stops?)\b",
        r"\bprohibited by (?:our|my|the)\b",
        r"\b(?:outside|beyond|not within|out of) (?:of )?(?:what (?:i|we)|my|the scope|things|bounds|the bounds|our)\b",
        r"\boff (?:the table|limits)\b|\bout of (?:bounds|the question)\b",
        r"\b(?:not|im)possible for (?:me|us)\b|\bnot possible for me\b|\bis not (?:possible|appropriate|acceptable)(?: for (?:me|us))?(?: to|$)",
        r"\birresponsible of me\b|\bwrong of me\b|\bbe a disservice\b|\bdoing you a disservice\b",
        r"\bnot (?:in|the) (?:a position|my place|business)\b",
        r"\bi (?:fall|fell) silent\b|\bremains? silent\b|\bsays nothing\b|\bno comment\b",
        r"\b(?:neither|nor) (?:can|will|would|do|am|could|should) SELF\b|\bis neither$",
        r"\bi would .{0,80}\b(?:but not|just not|if it were)\b|\b(?:help|talk|discuss|speak|provide|offer|explain|glad|happy)\b.*, (?:but|just|though|although) not\b",
        r"\bhappy to .*\bbut not\b",
        // German
        r"\b(?:ich|wir) (?:kann|könnte|darf|möchte|werde|will|mag|können|dürfen|werden)\b.*\b(?:nicht|keine|keinen|kein|nichts)\b.*\b(?:helfen|geben|beantworten|erklären|schreiben|unterstützen|sagen|tun|machen|erstellen|nennen|bereitstellen|anbieten|weiterhelfen|mitmachen|teilen|liefern|verraten|beitragen)\b",
        r"\b(?:kann|könnte|darf|möchte|werde|will) ich\b.*\b(?:nicht|keine|keinen|kein|nichts)\b",
        r"\b(?:ich|wir) (?:werde|kann|darf)\b.*\bnicht (?:tun|schreiben|machen|helfen)\b",
        r"\b(?:helfe|unterstütze|mache|schreibe|gebe|verrate|sage|beantworte|erkläre|tue)\b (?:ich )?(?:\w+ ){0,3}?(?:nicht|nichts|keine|keinen)\b",
        r"\b(?:lehne|muss|verweigere|weigere)\b.*\b(?:ab|ablehnen|verweigern|mich)\b|\bich verweigere\b",
        r"\b(?:gebe|verrate|sage|erkläre|helfe|unterstütze|mache) ich (?:\w+ )?(?:nicht|nichts|keine)\b|\bgebe ich aber nicht\b",
        r"\b(?:das|dies) (?:geht|mache ich|tue ich|kann ich|darf ich|werde ich)\b.*\bnicht\b",
        r"\bverrate ich nicht\b|\bgegen meine (?:richtlinien|grundsätze|regeln)\b",
        r"\b(?:erstelle|liefere|biete|teile|leiste|begleite|verfasse|gebe) ich (?:\w+ ){0,2}nicht\b|\berlaub(?:en|t) (?:es )?(?:mir )?nicht\b|\bnicht in der lage\b|\bbehalte ich für mich\b|\blasse ich (?:es )?lieber\b|\bnicht (?:gestattet|erlaubt), (?:dir|ihnen|darüber|so)\b",
        r"\bbin ich raus\b|^leider nein$|\b(?:schreibe|mache|gebe|tue|helfe) ich nicht\b|\bkommt nicht in frage\b|\bauf keinen fall\b",
        // French
        r"\bje n'\w+ (?:\w+ )?(?:pas|rien|aucun\w*|jamais)\b|\bhors de question\b|\bje dois (?:refuser|décliner)\b|\bque je dois refuser\b",
        r"\bje ne (?:\w+ )?(?:peux|pourrai|puis|vais|veux|souhaite|dois|ferai|donnerai|répondrai|vous aiderai|aiderai|fournirai|suis pas en mesure|suis pas autorisé\w*|suis pas à l aise)\b",
        r"\bje (?:refuse|décline|préfère ne pas|me refuse|dois (?:refuser|décliner))\b",
        r"\birresponsable de ma part\b|^(?:désolée?,? )?(?:ce n'est )?pas possible$|\bm'abstenir\b|\bje m'(?:arrêterai|abstiens|arrête)\b",
        r"\bil (?:m'est|ne m'est pas|m est) (?:impossible|possible)\b|\bimpossible (?:pour moi|de vous)\b",
        r"\b(?:mais|et) (?:pas|non) de\b|\bcontraire à mes\b|\bje ne (?:vous )?\w+erai pas\b|\bne (?:ferai|donnerai|peux|puis) pas\b",
        // Spanish
        r"\bno estoy (?:autorizad|dispuest|en condiciones)\w*\b|\bno (?:te |se )?l[oae]s? (?:voy a|puedo|quiero|pienso)\b",
        r"^no (?:ayudo|escribo|hago|doy|comparto|participo|colaboro)\b|\bni hablar\b|\bde ninguna manera\b|\bva contra mis\b",
        r"\bno (?:te |le |les |os |lo |la |me )?(?:puedo|podré|voy a|quiero|debo|pienso|haré|daré|ayudaré|escribiré|podemos|proporciono)\b",
        r"\bno me (?:es posible|está permitido|siento cómod\w+)\b|\bno (?:lo )?(?:puedo|voy a) hacer\b",
        r"\b(?:me niego|rechazo|debo rechazar|tengo que rechazar|prefiero no|no poder (?:ayudar\w*|hacer\w*|responder\w*))\b",
        r"\bpero no (?:voy|instrucciones|los|las|el|la|doy)\b|\bva en contra de mis\b",
    ])
});

/// Leading elsewhere.
static DEFLECTIONS: LazyLock<RegexSet> = LazyLock::new(|| {
    set(&[
        r"\b(?:let us|shall we|can we|could we|maybe we|perhaps we|how about we|why do not we|we could|i would (?:rather|love to|like to))\b.*\b(?:something|another|other|else|subject|topic|instead|focus|positive|different|happier|nicer|back to|music|chat about|speak of|talk about)\b",
        r"\bchange (?:of |the )?(?:subject|topic)\b|\blet us (?:not|keep|stay|get back|return|focus)\b",
        r"\bwhy (?:do|would) you (?:ask|want|need|wish)\b|\bwho wants to know\b|\bwhat made you\b|\bwhy you (?:need|want|ask)\b|\bwhat brings you\b",
        r"\b(?:what|how|where) (?:would|can|may|could|else|do|does|shall|might) (?:you like|i (?:help|assist|do|be)|else|can|that make you|you feel)\b",
        r"\b(?:is there (?:anything|something) else|anything else)\b",
        r"\b(?:i am|am) here to (?:help|assist|talk|chat|listen|answer)\b",
        r"\b(?:speak|talk|consult|contact|see|ask|reach out|call|go|turn|calling|contacting|consulting|seeing|speaking|talking|visit)\b(?: \w+){0,3} (?:an? |the |your |some |somebody |someone )?(?:\w+ ){0,2}(?:professional|doctor|lawyer|attorney|therapist|counsell?or|authorit\w+|expert|police|helpline|hotline|crisis|emergency|specialist|electrician|pharmacist|physician|psychologist|adviser|advisor|solicitor|teacher|nurse)\b",
        r"\b(?:question|matter|job|person|task) for (?:an? |the |your |this )?(?:\w+ ){0,2}(?:professional|doctor|lawyer|expert|police|court|specialist|authorities|question)\b|\bright person for\b|\bpeople with a licen[cs]e\b",
        r"\b(?:please )?(?:think about|consider|reflect on)\b.*\b(?:consequences|others?|feel|planning|how|applying|why|seeking|talking|contacting)\b",
        r"\bi (?:encourage|urge|invite|hope|would encourage|advise|beg) (?:you|that you)\b",
        r"\bit is (?:\w+ )?(?:important|essential|crucial|vital|best|better|wise|never (?:ok|okay|right))\b.*\b(?:respect|follow|law|rules|others|privacy|safety|safe|legal|honest|ethical|kind|consider)\b",
        r"\b(?:violence|stealing|theft|cheating|hurting|lying|bullying|hate|revenge|crime|fraud|hatred)\b.*\b(?:never|wrong|harms?|not the|consequences|answer|solves? nothing|hurts)\b",
        r"\b(?:respect|kindness|honesty|learning)\b.*\b(?:basis|reward|deserves?|matters|key|foundation)\b",
        r"\byou are not alone\b|\bhelp is (?:there|available)\b|\bpeople (?:who )?care about you\b",
        r"\b(?:next|another|different) (?:question|topic|subject)\b|\bask me (?:of|about|anything|something)\b|\btry (?:another|a different)\b|\bcome back when\b",
        r"\bnot for (?:you|mortals?|the likes|strangers|thee|human)\b|\b(?:secret|secrets)\b.*\b(?:grave|tell|keep|mine|die|safe|lips)\b|\b(?:never|not) (?:tell|hand|reveal|speak|say|share|give)\b",
        r"\bshall (?:never|not) (?:tell|know|say|speak|hear)\b|\bsaid no more\b|\bstay shut\b|\bis locked\b|\blips are sealed\b|\bgone dark\b|\bvision fades\b|\bnot in my program\b|\boff with you\b|\bday off\b|\bno more of\b",
        r"\b(?:nice|good) try\b|\btesting me\b|\bcatch me\b|\btrick me\b",
        r"\bbetter ways? to\b|\b(?:happier|nicer|lighter|safer|kinder) (?:topic|thing|subject|note)\b",
        r"\b(?:everyone|everybody|all of us|each of us|the law|laws|rules)\b.*\b(?:deserves?|exists?|protects?|has a right|have a right|matter)\b|\bi hope that you\b",
        r"\b(?:please )?rephrase\b|\bfor your feedback\b|\bsleep on it\b|\bsounds like (?:something|a question|a case|a matter|a job) for\b|^i am an? (?:\w+ ){1,3}(?:bot|assistant|robot|program)$|\bdoes not talk about\b|\bwere we talking\b|\bwhat would be fun\b",
        r"\b(?:do you|would you) (?:want|like|wish|care) to (?:talk|speak|chat|tell)\b|\bshall we play\b|\bi sense\b|\bnever reveal\b",
        r"\b(?:please|kindly|better|best|you (?:should|could|may want to|might want to|had better)) (?:\w+ )?(?:speak|talk|consult|contact|see|ask|seek|visit|call|turn to|reach out|think|consider|choose|find|look for)\b",
        r"\b(?:keep|stay|remain) (?:\w+ ){0,3}(?:respectful|friendly|civil|polite|productive|positive|safe|kind)\b|\bas (?:a )?career\b|\bget back to\b|\b(?:focus|concentrate) on\b",
        r"\bit is never (?:acceptable|okay|ok|right|appropriate)\b|\bevery (?:person|human(?: being)?) deserves?\b|\bimportant to (?:know|understand|remember|respect|be aware)\b|\bshared responsibility\b",
        r"^\w+ing (?:\w+ ){1,8}(?:is|are|can be|would be) (?:\w+ )?(?:illegal|unethical|misleading|wrong|harmful|dishonest|dangerous|a crime|fraud|a violation|against the law)\b",
        r"\bbetter off (?:asking|talking|seeing|speaking)\b|\bonly here (?:to|for)\b|^as your (?:\w+ ){0,3}assistant,? i can\b|\b(?:our|the) (?:human |support )?team will\b|^please (?:write to|contact|e-?mail)\b|\bmade for \w+ questions\b|\bwould rather (?:talk|speak|discuss|hear|look|focus|help)\b",
        r"\bthere is a time\b|\bis not the time\b",
        r"\bhave you (?:considered|thought|tried|seen|heard)\b|\bdid you know\b|\bwhat is your favou?rite\b|\bwould you like (?:a|to|me)\b|\btell me about your\b|\bhow was your\b|\bhow are you\b|\bwhat would you (?:advise|say)\b|\banother way to look\b|\bi wonder (?:whether|if|why|what)\b",
        r"\b(?:lass|lasst|lassen|reden|sprechen) (?:uns|wir)\b.*\b(?:anderes|anderem|lieber|thema|wetter)\b|\bwarum (?:fragst|möchtest|willst|brauchst|wollen)\b|\bwenden sie sich\b|\bsprich (?:bitte )?mit\b",
        r"\b(?:parlons|changeons|discutons|si on parlait)\b|\bpourquoi (?:voulez|demandez|cette question)\b|\bconsultez un\b",
        r"\b(?:hablemos|cambiemos|hablamos) de\b|\bpor qué (?:no hablamos|preguntas|quieres)\b|\bconsulta (?:a|con) un\b|\bmejor hablemos\b",
    ])
});

/// What belongs to any reply.
static FILLERS: LazyLock<RegexSet> = LazyLock::new(|| {
    set(&[
        r"^(?:hello|hi|hey|hm+|ha|oh|well|i see|interesting|thanks|thank you|sorry|my dear \w+|what a day|what a \w+|please|argh?|arr|ah|next question|sure|fine|okay|ok)\b(?: \w+,?){0,4}$",
        r"^i (?:am|would be) (?:flattered|sorry|glad|happy|delighted|here)\b",
        r"^(?:that is )?an? (?:\w+ )?(?:interesting|good|great|curious|intriguing) (?:question|thought|idea|point)\b",
        r"^(?:oh,? )?(?:look|hm|meow|anyway|woof|wow)\b(?:,? \w+,?){0,3}$|\band bows$|^(?:\w+,? ){0,3}\w+ (?:bread|bows|smiles)$",
        r"\bi know a lot about\b|\bi (?:hear|understand|appreciate) \w+\b",
        r"\b(?:they|who|he|she|professionals?) (?:can|will|could|may) (?:advise|help|look|tell|assist|support|deal)\b|\bthey are the ones\b|\bdeal with such\b",
        r"^(?:otters|let us speak|as \w+ i)\b",
        r"^(?:the|a|my) (?:\w+ ){1,2}(?:closes|shakes|shook|nods|nodded|smiles|smiled|fades|strokes|sighs|sighed|laughs|laughed|turns|turned)\b",
        r"\b(?:he|she|it|they|said the \w+|says the \w+|i) (?:said|says|say|whispers|whispered|answered|replied|mutters|muttered)\b|\b(?:said|says|answered|replied|whispered) the \w+\b|^and said\b|^in character as\b",
    ])
});

#[cfg(test)]
pub(super) fn all_compile() -> bool {
    BARE.is_some()
        && tongues::all_compile()
        && [&LIMITS, &HARD, &ACTS, &DEFLECTIONS, &FILLERS, &OFFERS, &LETTERS]
            .iter()
            .all(|set| !set.is_empty())
}
