//! The forms of refusing in further languages, in the spelling that [`super::text`] makes. Chinese and
//! Japanese have no spaces between words, so their patterns stand without borders.

use std::sync::LazyLock;

use regex::RegexSet;

use super::words::Kind;

/// What a sentence does, where one of these languages tells.
pub(super) fn kind(sentence: &str) -> Option<Kind> {
    if LIMITS.is_match(sentence) {
        return Some(Kind::Limit);
    }
    if ACTS.is_match(sentence) {
        return Some(Kind::Act);
    }
    DEFLECTIONS.is_match(sentence).then_some(Kind::Deflection)
}

/// Whether a whole reply is a "no" and no more.
pub(super) fn is_bare_no(sentences: &[String]) -> bool {
    let whole = sentences.join(" ");
    BARE.is_match(&whole)
}

fn set(patterns: &[&str]) -> RegexSet {
    RegexSet::new(patterns).unwrap_or_else(|_| RegexSet::empty())
}

#[cfg(test)]
pub(super) fn all_compile() -> bool {
    [&LIMITS, &ACTS, &DEFLECTIONS, &BARE].iter().all(|set| !set.is_empty())
}

static BARE: LazyLock<RegexSet> = LazyLock::new(|| {
    set(&[
        // Portuguese, Italian, Dutch, Russian
        r"^(?:(?:não|nao|desculpe?|obrigad[oa]|sinto muito|de jeito nenhum|nem pensar|infelizmente),? ?){1,4}$",
        r"^(?:no,? )?(?:mi dispiace|grazie|assolutamente no|neanche per sogno|per niente)(?:,? no)?$",
        r"^(?:(?:nee|sorry|bedankt|helaas|absoluut niet|geen sprake van),? ?){1,3}$",
        r"^(?:(?:нет|извините|простите|никогда|спасибо|ни за что|увы),? ?){1,3}$",
        // Chinese, Japanese, Korean
        r"^(?:不|不行|不可以|不能|不要|没门|免谈|抱歉|对不起|對不起|不好意思|[，, ])+$",
        r"^(?:いいえ|だめです|駄目です|無理です|嫌です|すみません|ごめんなさい|申し訳ありません|[、, ])+$",
        r"^(?:아니요|아니오|안 됩니다|안돼요|싫습니다|죄송합니다|미안합니다|[, ])+$",
    ])
});

/// What the one who answers does not know or is not, and which prevents nothing.
static LIMITS: LazyLock<RegexSet> = LazyLock::new(|| {
    set(&[
        r"\bnão sou (?:médic|advogad|especialist|professor)\w*\b|\bnão (?:sei|tenho certeza)\b",
        r"\bnon sono (?:un |una |un')?(?:medico|avvocato|esperto|esperta|sicur[oa])\b|\bnon (?:lo )?so\b",
        r"\bik ben geen (?:arts|dokter|advocaat|expert|jurist)\b|\bik weet (?:het )?niet\b",
        r"\bя не (?:врач|юрист|специалист|эксперт|уверен\w*|знаю)\b",
        r"我不是(?:医生|律师|专家|醫生|律師)|我不(?:太)?(?:确定|清楚|知道|確定)",
        r"(?:医者|弁護士|専門家)では(?:ありません|ない)|はっきりとは(?:わかりません|分かりません)",
        r"(?:의사|변호사|전문가)는 아니",
    ])
});

static ACTS: LazyLock<RegexSet> = LazyLock::new(|| {
    set(&[
        // Portuguese
        r"\b(?:não|nao|nem) (?:lhe |te |me )?(?:posso|consigo|vou|devo|quero|poderei|irei|podemos|pretendo|sou capaz|é possível|estou autorizad\w|tenho permissão)\b.*\b(?:ajudar?\w*|ajudá\w*|atender|fornec\w+|respond\w+|escrever|criar|compartilhar|partilhar|dar|fazer|dizer|discutir|continuar|participar|revelar|auxiliar|explicar|gerar|cumprir|produzir|oferecer|apoiar|divulgar|falar|realizar|entrar)\b",
        r"\brecuso-me\b|\bme recuso\b|\bprefiro não\b|\bcontra (?:as )?minhas (?:diretrizes|regras|normas)\b|\btenho (?:de|que) recusar\b|^(?:não,? )?não o farei\b",
        // Italian
        r"\bnon (?:ti |le |vi |lo |la |mi )?(?:posso|potrò|voglio|intendo|devo|possiamo|sono in grado|sono autorizzat\w|è possibile|mi è possibile)\b.*\b(?:aiutar\w*|fornir\w*|risponder\w*|scriver\w*|dare|darti|dirti|dire|fare|farlo|condivider\w*|assister\w*|crear\w*|continuar\w*|spiegar\w*|soddisfar\w*|discuter\w*|rivelar\w*|generar\w*|procedere)\b",
        r"\bmi rifiuto\b|\bpreferisco (?:non|evitare)\b|\brifiuto di\b|\bnon (?:lo |la |ti |le )?(?:farò|faccio|darò|aiuterò|scriverò|risponderò|dirò)\b|\bcontro le mie (?:linee guida|regole)\b|\bdevo rifiutare\b",
        r"\b(?:volentieri|spiego|spiegare|posso)\b.*, (?:ma )?(?:\w+ ){0,4}no$",
        // Dutch
        r"\b(?:kan|mag|wil|zal|ga|kunnen|mogen)\b.*\b(?:niet|geen)\b.*\b(?:helpen|geven|beantwoorden|schrijven|delen|doen|uitleggen|vertellen|meewerken|maken|verstrekken|bespreken|ondersteunen|bij helpen)\b",
        r"\b(?:doe|geef|schrijf|help|vertel|deel|beantwoord)\b (?:ik )?(?:\w+ ){0,2}(?:niet|geen)\b|\bik weiger\b|\bliever niet\b|\btegen mijn (?:richtlijnen|regels)\b|\bmag (?:ik )?daar (?:niets|geen)\b",
        // Russian: the first person shows in the verb
        r"\bне (?:могу|смогу|буду|стану|вправе|готов\w*|намерен\w*|собираюсь|имею права|должен|должна|хочу|в состоянии)\b.*\b(?:помо\w+|отве\w+|предостав\w+|да(?:ть|вать)|выполн\w+|(?:на)?писать|сказать|говорить|рассказ\w+|раскры\w+|обсужд\w+|(?:с)?делать|делиться|поделиться|созда\w+|участвовать|поддерж\w+|объясн\w+|продолж\w+)\b",
        r"\b(?:делать|помогать|отвечать|писать|давать|обсуждать|рассказывать|говорить|этого)\b (?:\w+ ){0,2}не (?:буду|стану|могу)\b|\bотказываюсь\b|\b(?:вынужден\w*|должен|должна) отказать\w*\b|\bпротив моих\b|\bпредпоч(?:ту|итаю) не\b|\bнарушает\b.*\b(?:правила|политику)\b",
        // Chinese, both scripts
        r"我(?:们|們)?[^，。,]{0,8}(?:无法|不能|不会|不可以|不便|不愿|不想|不打算|没法|没办法|無法|不會|不願|沒辦法|不应该|不應該|拒绝|拒絕)[^，。,]{0,10}(?:协助|帮助|帮忙|帮[你您]|提供|回答|回复|满足|完成|执行|生成|撰写|写|讨论|透露|分享|支持|参与|告诉|解答|处理|给出|说|做|回应|配合|继续|進行|协同|協助|幫助|幫[你您]|滿足|回應|回覆|討論|參與|告訴|處理|繼續|寫)",
        r"(?:抱歉|对不起|對不起|遗憾|遺憾|不好意思)[，, ]*[^。]{0,12}(?:无法|不能|做不到|帮不了|帮不上|無法|做不到|幫不了|不便|不可以)[^。]{0,8}(?:协助|帮|提供|回答|回复|满足|完成|执行|生成|写|讨论|透露|分享|支持|告诉|说|做到|協助|幫|滿足|回應|討論|告訴)",
        r"^(?:无法|不能|恕|不予|不便|無法)[^，。]{0,6}(?:协助|帮助|提供|回答|满足|执行|从命|奉告|透露|回应|從命|協助|滿足)",
        r"恕难从命|恕難從命|无可奉告|無可奉告|爱莫能助|愛莫能助|我拒绝|我拒絕|予以拒绝|帮不了你|帮不上|我做不到|就不(?:说|讲|写|提供|透露|展开)了|不方便(?:透露|回答|说)|必须拒绝|不得不拒绝|到此为止",
        r"(?:违反|违背|不符合|超出|違反|違背)[^，。]{0,10}(?:政策|规定|准则|原则|规范|能力范围|規定|準則|原則)",
        // Japanese
        r"(?:手伝い|手伝う|答え|お応え|応え|応じ|教え|提供|案内|回答|協力|対応|伝え|説明|支援|作成|生成|共有|お話し|開示|助け|書く|従う)[^。]{0,10}(?:できません|できない|できかね|致しかね|いたしかね|しかねます|られません|えません|わけにはいきません|するつもりはありません)",
        r"控えさせて|差し控え|お断り|遠慮させて|ご遠慮|拒否(?:します|いたします)|^(?:それは|残念ながら)?(?:できません|致しかねます|いたしかねます|無理です)$|(?:ご)?(?:要望|期待|リクエスト)に(?:は)?(?:お応え|応え|添え|沿え)[^。]{0,4}(?:ません|かね)|(?:規約|ポリシー|ガイドライン)に(?:違反|反し)",
        // Korean
        r"(?:도와|도움|알려|제공|답변|대답|응답|말씀|설명|협조|작성|생성|지원|공유|답해|해 ?드릴|처리)[^.]{0,12}(?:수 없|수는 없|않겠|못 ?합|못 ?해|어렵습니다)",
        r"^(?:그건 |그것은 |저는 |죄송하지만,? )?할 수 없습니다|거절(?:하|합)|거부(?:하|합)|응할 수 없|(?:정책|지침)에 (?:위배|어긋)",
    ])
});

static DEFLECTIONS: LazyLock<RegexSet> = LazyLock::new(|| {
    set(&[
        r"\bvamos (?:falar|conversar|mudar)\b.*\b(?:outr[ao]|assunto)\b|\bpor que (?:quer|você quer|pergunta)\b|\bprocure um\b",
        r"\bparliamo (?:d'|di )?altro\b|\bcambiamo (?:argomento|discorso)\b|\bperché (?:lo )?(?:vuoi|vuole|chiedi)\b|\brivolgiti a un\b",
        r"\blaten we (?:het )?(?:over )?(?:iets|een) ander\w*\b|\bwaarom (?:wil|vraag) (?:je|u)\b",
        r"\b(?:сменим|поменяем) тему\b|\bпоговорим о (?:чём|чем)-(?:нибудь|то)\b|\bдругую тему\b|\bзачем вам\b|\bобратитесь к\b",
        r"换个?一?个?话题|聊点别的|聊聊别的|谈点别的|谈谈别的|聊别的|換個話題|聊點別的|为什么(?:想|要|会)?(?:知道|问|了解)|為什麼(?:想|要)?知道|^请?(?:咨询|联系)[^，。]{0,8}(?:医生|律师|专业人士|警方)",
        r"別の話|他の話|話題を変え|違う話|なぜ[^。]{0,12}(?:知りたい|聞き|お尋ね)|(?:専門家|医師|弁護士|警察)に[^。]{0,4}(?:相談|連絡)",
        r"다른 (?:이야기|주제|얘기)|왜 (?:그걸|그것을|그런)[^?]{0,8}(?:알고|묻)",
    ])
});
