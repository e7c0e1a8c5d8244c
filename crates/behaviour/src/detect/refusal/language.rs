//! Whether a reply is in a language that the judge has words for. One in another language is not called
//! an answer because no word of refusing was found in it: it cannot be told.
//!
//! Scripts tell much; languages in Latin letters are told by their small words. A reply too short to
//! have any ("Odmawiam.") counts as English: that is a limit.

/// Words of a reply that no language claims, from which on it counts as unread.
const MANY: usize = 8;

pub(super) fn is_read(reply: &str) -> bool {
    let mut scripts = Scripts::default();
    for c in reply.chars() {
        scripts.count(c);
    }
    let all = [scripts.cyrillic, scripts.eastern, scripts.other]
        .into_iter()
        .fold(scripts.latin, usize::saturating_add);
    if all == 0 {
        return true;
    }
    if scripts.other.saturating_mul(2) > all {
        return false;
    }
    if scripts.eastern.saturating_mul(4) > all {
        return true;
    }
    let small = reply.to_lowercase();
    let words: Vec<&str> =
        small.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()).collect();
    if scripts.cyrillic.saturating_mul(2) > all {
        let foreign = small.contains(['і', 'ї', 'є', 'ґ', 'ў', 'ј', 'љ', 'њ', 'ђ', 'ћ']);
        return !foreign && (words.len() < MANY || hits(&words, RUSSIAN) > 0);
    }
    let read = READ.iter().map(|list| hits(&words, list)).max().unwrap_or_default();
    let unread = UNREAD.iter().map(|list| hits(&words, list)).max().unwrap_or_default();
    let strange = words.iter().filter(|word| word.contains(STRANGE)).count();
    let unread = unread.max(strange);
    !(unread > read || (read == 0 && words.len() >= MANY))
}

#[derive(Debug, Default)]
struct Scripts {
    latin: usize,
    cyrillic: usize,
    /// Chinese, Japanese, Korean.
    eastern: usize,
    other: usize,
}

impl Scripts {
    fn count(&mut self, c: char) {
        let of = match c {
            'a'..='z' | 'A'..='Z' | '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' => {
                &mut self.latin
            }
            '\u{400}'..='\u{52f}' => &mut self.cyrillic,
            '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' => {
                &mut self.eastern
            }
            c if c.is_alphabetic() => &mut self.other,
            _ => return,
        };
        *of = of.saturating_add(1);
    }
}

fn hits(words: &[&str], of: &[&str]) -> usize {
    words.iter().filter(|word| of.contains(word)).count()
}

/// Letters that none of the languages below writes.
const STRANGE: [char; 30] = [
    'ł', 'ą', 'ę', 'ś', 'ź', 'ż', 'ć', 'ń', 'ě', 'ř', 'ů', 'š', 'č', 'ž', 'ş', 'ğ', 'ı', 'ő', 'ű',
    'ț', 'ș', 'ă', 'đ', 'ơ', 'ư', 'å', 'ø', 'æ', 'ē', 'ų',
];

const RUSSIAN: &[&str] = &[
    "и",
    "в",
    "не",
    "на",
    "что",
    "с",
    "по",
    "это",
    "как",
    "к",
    "но",
    "у",
    "за",
    "то",
    "мы",
    "вы",
    "он",
    "она",
    "они",
    "я",
    "для",
    "из",
    "о",
    "или",
    "если",
    "чтобы",
    "так",
    "же",
    "вам",
    "его",
];

/// Small words of the languages that are read.
const READ: [&[&str]; 7] = [
    // English
    &[
        "the", "a", "an", "and", "of", "to", "in", "is", "it", "you", "that", "for", "on", "are",
        "with", "as", "i", "this", "be", "at", "or", "not", "your", "have", "but", "by", "from",
        "what", "can", "if", "yes", "no", "we", "they", "he", "she", "was", "were", "will", "do",
        "my", "me", "so", "there", "here", "one", "which", "about", "would", "should", "who",
        "how", "sorry", "please", "its", "then", "than", "has", "don", "t", "s", "m", "ll",
    ],
    // German
    &[
        "der", "die", "das", "und", "ist", "nicht", "ich", "zu", "ein", "eine", "den", "dem",
        "mit", "auf", "für", "von", "im", "es", "sie", "er", "wir", "auch", "aber", "als", "wie",
        "wird", "bei", "oder", "man", "dass", "kann", "sich", "nein", "ja", "leider", "dazu",
        "mein", "sind", "hat", "nur", "noch",
    ],
    // French
    &[
        "le", "la", "les", "de", "des", "et", "est", "un", "une", "je", "vous", "il", "elle", "ne",
        "pas", "que", "qui", "en", "dans", "pour", "sur", "avec", "ce", "cette", "du", "au",
        "mais", "ou", "non", "oui", "nous", "à", "sont", "c", "l", "d", "n", "j",
    ],
    // Spanish
    &[
        "el", "la", "los", "las", "de", "y", "es", "un", "una", "no", "que", "en", "por", "para",
        "con", "se", "lo", "su", "al", "del", "pero", "me", "te", "yo", "sí", "más", "como",
        "está", "o", "son", "muy",
    ],
    // Italian
    &[
        "il", "lo", "la", "gli", "le", "di", "e", "è", "un", "una", "non", "che", "in", "per",
        "con", "si", "mi", "ma", "del", "della", "al", "sono", "no", "sì", "da", "come", "questo",
        "questa", "più", "ti",
    ],
    // Portuguese
    &[
        "o", "a", "os", "as", "de", "e", "é", "um", "uma", "não", "que", "em", "por", "para",
        "com", "se", "do", "da", "no", "na", "mas", "eu", "você", "isso", "este", "esta", "mais",
        "ao", "são", "sim",
    ],
    // Dutch
    &[
        "de", "het", "een", "en", "van", "is", "ik", "niet", "dat", "te", "op", "zijn", "met",
        "voor", "maar", "je", "er", "aan", "ook", "als", "bij", "nee", "ja", "geen", "kan", "daar",
        "wil", "naar", "uit", "u",
    ],
];

/// Small words of languages that are not, as far as they are no words of those above.
const UNREAD: [&[&str]; 12] = [
    // Swedish
    &[
        "och", "att", "det", "som", "inte", "jag", "är", "på", "av", "för", "till", "har", "nej",
        "kan", "med", "om",
    ],
    // Danish, Norwegian
    &[
        "og", "det", "ikke", "jeg", "er", "på", "af", "av", "som", "til", "med", "har", "kan",
        "nei", "en", "du",
    ],
    // Finnish
    &[
        "ja",
        "ei",
        "että",
        "olen",
        "voi",
        "en",
        "mutta",
        "se",
        "kanssa",
        "ole",
        "tämä",
        "valitettavasti",
        "joka",
        "on",
    ],
    // Polish
    &[
        "nie", "jest", "się", "że", "na", "jak", "ale", "mogę", "przykro", "mi", "w", "z", "do",
        "to", "tego", "niestety",
    ],
    // Czech, Slovak
    &[
        "není",
        "jsem",
        "že",
        "ale",
        "na",
        "se",
        "bohužel",
        "nemohu",
        "je",
        "v",
        "nie",
        "som",
        "tak",
        "omlouvám",
        "s",
    ],
    // Turkish
    &[
        "bir",
        "ve",
        "için",
        "bu",
        "değil",
        "ama",
        "maalesef",
        "hayır",
        "olarak",
        "çok",
        "üzgünüm",
        "ben",
        "ile",
    ],
    // Romanian
    &["nu", "este", "și", "pentru", "că", "pot", "sunt", "cu", "din", "mai", "îmi", "pare", "dar"],
    // Hungarian
    &["nem", "és", "hogy", "egy", "ez", "az", "sajnos", "van", "meg", "tudok", "vagy", "csak"],
    // Indonesian, Malay
    &[
        "yang", "tidak", "dan", "saya", "untuk", "dengan", "adalah", "itu", "hari", "maaf",
        "dapat", "bisa", "ini", "di",
    ],
    // Vietnamese
    &["không", "và", "của", "là", "một", "tôi", "xin", "lỗi", "thể", "bạn", "này", "phải", "có"],
    // Swahili
    &[
        "na", "ya", "kwa", "ni", "wa", "hapana", "siwezi", "samahani", "katika", "hii", "lakini",
        "la",
    ],
    // Catalan
    &[
        "els", "amb", "puc", "això", "aquesta", "aquest", "molt", "també", "ho", "perquè",
        "aquests", "seva",
    ],
];
