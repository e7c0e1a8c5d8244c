use super::*;

/// A body of this length from an alphabet, that is no placeholder.
fn random(len: usize, alphabet: &[u8]) -> String {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    (0..len)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            char::from(alphabet[usize::try_from(state >> 33).unwrap() % alphabet.len()])
        })
        .collect()
}

const BASE62: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A token of GitHub, with its checksum.
fn github() -> String {
    let body = random(30, BASE62);
    let mut sum = {
        let mut sum = u32::MAX;
        for byte in body.bytes() {
            sum ^= u32::from(byte);
            for _ in 0..8 {
                sum = (sum >> 1) ^ if sum & 1 == 1 { 0xedb8_8320 } else { 0 };
            }
        }
        !sum
    };
    let mut digits = Vec::new();
    for _ in 0..6 {
        digits.insert(0, BASE62[usize::try_from(sum % 62).unwrap()]);
        sum /= 62;
    }
    format!("ghp_{body}{}", String::from_utf8(digits).unwrap())
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for n in 0..=chunk.len() {
            let at = usize::try_from(bits >> (18 - 6 * n) & 63).unwrap();
            out.push(char::from(ALPHABET[at]));
        }
        out.push_str(&"=".repeat(3 - chunk.len()));
    }
    out
}

fn pem(kind: &str, der: &[u8], gap: &str) -> String {
    let text = base64(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {kind}-----{gap}{}{gap}-----END {kind}-----", lines.join(gap))
}

fn der() -> Vec<u8> {
    let mut der = vec![0x30, 0x82, 0x01, 0x00];
    der.extend(random(256, BASE62).bytes());
    der
}

fn jwt(claims: &str) -> String {
    let head = base64(b"{\"alg\":\"HS256\",\"typ\":\"JWT\"}").replace('=', "");
    let claims = base64(claims.as_bytes()).replace('=', "").replace('+', "-").replace('/', "_");
    format!("{head}.{claims}.{}", random(43, BASE62))
}

fn secrets() -> Vec<(&'static str, String)> {
    let hex = b"0123456789abcdef";
    let mut openssh = b"openssh-key-v1\0\0\0\0\x04none\0\0\0\x04none".to_vec();
    openssh.extend(random(120, BASE62).bytes());
    vec![
        ("personal access token of GitHub", github()),
        (
            "fine-grained token of GitHub",
            format!("github_pat_{}_{}", random(22, BASE62), random(59, BASE62)),
        ),
        ("token of Hugging Face", format!("hf_{}", random(34, BASE62))),
        ("personal access token of GitLab", format!("glpat-{}", random(20, BASE62))),
        ("API key of Google", format!("AIza{}", random(35, BASE62))),
        ("bot token of Slack", format!("xoxb-482910573829-{}", random(24, BASE62))),
        ("API key of Anthropic", format!("sk-ant-api03-{}AA", random(91, BASE62))),
        ("API key of OpenAI", format!("sk-{}T3BlbkFJ{}", random(20, BASE62), random(20, BASE62))),
        (
            "project key of OpenAI",
            format!("sk-proj-{}T3BlbkFJ{}", random(58, BASE62), random(58, BASE62)),
        ),
        ("secret key of Stripe", format!("sk_live_{}", random(24, BASE62))),
        ("token of PyPI", format!("pypi-AgEIcHlwaS5vcmc{}", random(140, BASE62))),
        ("token of DigitalOcean", format!("dop_v1_{}", random(64, hex))),
        ("secret access key of AWS", format!("aws_secret_access_key = {}", random(40, BASE62))),
        (
            "account key of Azure storage",
            format!("AccountKey={}", base64(random(64, BASE62).as_bytes())),
        ),
        ("JSON web token", jwt("{\"sub\":\"somebody\",\"exp\":1893456000}")),
        ("private key", pem("RSA PRIVATE KEY", &der(), "\n")),
        ("private key", pem("PRIVATE KEY", &der(), "\\n")),
        ("private key", pem("OPENSSH PRIVATE KEY", &openssh, "\n")),
    ]
}

fn kinds_of(text: &str) -> Vec<(&'static str, Worth)> {
    find(text.as_bytes()).iter().map(|secret| (secret.kind, secret.worth)).collect()
}

#[test]
fn knows_credentials_by_their_form() {
    for (kind, secret) in secrets() {
        for text in [
            secret.clone(),
            format!("{{\"token\": \"{secret}\"}}"),
            format!("first line\\n{secret}\\nlast line"),
        ] {
            assert_eq!(kinds_of(&text), [(kind, Worth::Usable)], "{text}");
        }
    }
}

#[test]
fn masks_them_wherever_they_stand() {
    for (kind, secret) in secrets() {
        let text = format!("curl -H 'Authorization: Bearer {secret}' https://example.invalid");
        let shown = masked(&text);
        let tail = secret.rsplit(['=', ' ']).find(|part| part.len() > 8).unwrap();
        let tail = &tail[tail.len().saturating_sub(20)..];
        assert!(!shown.contains(tail), "{kind}: {shown}");
        assert!(shown.ends_with("https://example.invalid"), "{shown}");
        assert_eq!(masked(&shown), shown, "{kind}");
        assert_eq!(masked_bytes(text.as_bytes()), shown.as_bytes());
    }
}

#[test]
fn masks_what_only_begins_like_one() {
    let (_, token) = &secrets()[0];
    for cut in 24..token.len() {
        let shown = masked(&token[..cut]).into_owned();
        assert!(shown.starts_with("ghp_***"), "{shown}");
    }
    let open = pem("PRIVATE KEY", &der(), "\n");
    let shown = masked(&open[..200]).into_owned();
    assert!(shown.starts_with("----***"), "{shown}");
}

#[test]
fn an_access_key_without_its_secret_is_only_possible() {
    let id = format!("AKIA{}", random(16, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"));
    assert_eq!(kinds_of(&id), [("access key id of AWS", Worth::Possible)]);
    let both = format!("{id},{}", random(40, BASE62));
    let found = kinds_of(&both);
    assert_eq!(found[1], ("secret access key of AWS", Worth::Usable));
}

#[test]
fn an_encrypted_key_is_only_possible() {
    let mut openssh = b"openssh-key-v1\0\0\0\0\x0aaes256-ctr".to_vec();
    openssh.extend(random(200, BASE62).bytes());
    let old = pem("RSA PRIVATE KEY", &der(), "\n").replacen(
        '\n',
        "\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n",
        1,
    );
    for text in [
        pem("ENCRYPTED PRIVATE KEY", &der(), "\n"),
        pem("OPENSSH PRIVATE KEY", &openssh, "\n"),
        old,
    ] {
        assert_eq!(kinds_of(&text), [("encrypted private key", Worth::Possible)], "{text}");
    }
}

#[test]
fn a_password_by_its_name_or_place_is_only_possible() {
    for text in [
        "password = \"kT9xQ2mVb7Lw\"",
        "DB_PASSWORD: kT9xQ2mVb7Lw",
        "{\"api_key\": \"kT9xQ2mVb7Lw3z\"}",
        "postgres://user:kT9xQ2mVb7Lw@db.example.invalid/x",
    ] {
        let found = kinds_of(text);
        assert!(found.len() == 1 && found[0].1 == Worth::Possible, "{text}: {found:?}");
        assert!(!masked(text).contains("xQ2mVb7Lw"), "{}", masked(text));
    }
}

#[test]
fn examples_placeholders_and_other_words_are_none() {
    for text in [
        "AKIAIOSFODNN7EXAMPLE",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "hf_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "hf_your_token_here",
        "hf_transfer hf_hub_download api_org_name",
        "sk-... sk-xxxx sk-learn scikit-learn task-specific-something",
        "sk-1234567890abcdefghijklmnopqrstuvwxyz1234567890abcd",
        "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "ghp_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "password: str = None",
        "password = getpass.getpass('Password: ')",
        "api_key=os.environ['OPENAI_API_KEY']",
        "api_key=\"YOUR_API_KEY\"",
        "\"eos_token\": \"<|endoftext|>\", \"pad_token\": \"</s>\"",
        "https://user:password@example.invalid/",
        "http://localhost:8080/@me",
        "eyJ0eXAi",
        "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",
        "-----BEGIN RSA PRIVATE KEY-----\n...\n-----END RSA PRIVATE KEY-----",
        "npm_config_registry npm_lifecycle_event",
        "machine api.example.invalid login user password <your key>",
        "machine learning: the login page asks for a password twice",
        "machine api.acme.invalid login user password changeme",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
    ] {
        assert_eq!(kinds_of(text), [], "{text}");
    }
    // Base64 of pictures, digests, vocabularies.
    let noise =
        random(2_000_000, b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
    assert_eq!(kinds_of(&noise), []);
    let plain = "The quick brown fox; sha256:e3b0c44298fc1c149afbf4c8996fb924 \u{6a21}\u{578b}";
    assert!(matches!(masked(plain), Cow::Borrowed(_)));
}

#[test]
fn survives_anything() {
    for (_, secret) in secrets() {
        for len in 0..=secret.len() {
            find(&secret.as_bytes()[..len]);
        }
        for at in 0..secret.len() {
            for with in [0u8, 0xff, b'-', b'.', b'=', b'\n'] {
                let mut bytes = secret.clone().into_bytes();
                bytes[at] = with;
                find(&bytes);
                masked_bytes(&bytes);
            }
        }
    }
}

#[test]
fn text_made_to_be_slow_is_read_in_one_pass() {
    for part in
        ["password=", "-----BEGIN RSA PRIVATE KEY-----", "eyJ", "://", "ghp_", "AKIA", "://a:"]
    {
        let text = part.repeat(400_000 / part.len());
        find(text.as_bytes());
        masked(&text);
    }
}

#[test]
fn the_password_of_a_netrc_is_usable() {
    for text in [
        "machine api.acme.invalid login me password kT9xQ2mVb7Lw",
        "machine api.acme.invalid\n  login me\n  password kT9xQ2mVb7Lw\n",
        "machine host\tpassword kT9xQ2mVb7Lw login me",
    ] {
        let found = kinds_of(text);
        assert!(found.len() == 1 && found[0].1 == Worth::Usable, "{text}: {found:?}");
        assert!(!masked(text).contains("xQ2mVb7Lw"), "{}", masked(text));
    }
}
