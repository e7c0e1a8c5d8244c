//! Bytes that somebody made to be misread: nothing panics, and nothing verifies that was changed.

use proptest::prelude::*;

use super::*;

/// A receipt that two witnesses saw, the hash of its entry, and a policy that asks for both.
fn receipt() -> (String, Hash, Policy) {
    let folder = tempfile::tempdir().unwrap();
    let mut log = create(folder.path());
    let mut proof = log.append(&entries(0..300)).unwrap().swap_remove(77).proof;
    let witnesses = [witness("w.example/1", 1), witness("w.example/2", 2)];
    for witness in &witnesses {
        let cosignature = witness.cosign(&proof.checkpoint.text, 1_700_000_000).unwrap();
        proof.checkpoint.add(&[cosignature]);
    }
    let policy = policy(&format!(
        "log {}\nwitness a {}\nwitness b {}\ngroup all all a b\nquorum all\n",
        log.vkey(),
        witnesses[0].vkey(),
        witnesses[1].vkey()
    ));
    (proof.to_string(), leaf_hash(b"entry 77"), policy)
}

fn verifies(bytes: &[u8], leaf: &Hash, policy: &Policy) -> bool {
    Proof::parse(bytes).is_ok_and(|proof| proof.verify(leaf, policy).is_ok())
}

#[test]
fn a_receipt_with_any_other_byte_does_not_verify() {
    let (text, leaf, policy) = receipt();
    let bytes = text.as_bytes();
    assert!(verifies(bytes, &leaf, &policy));
    for at in 0..bytes.len() {
        assert!(!verifies(&bytes[..at], &leaf, &policy), "cut at {at}");
        for bit in 0..8 {
            let mut changed = bytes.to_vec();
            changed[at] ^= 1 << bit;
            assert!(!verifies(&changed, &leaf, &policy), "bit {bit} of byte {at}");
        }
        for byte in [b'\n', b' ', b'0', 0, 0xff] {
            let mut longer = bytes.to_vec();
            longer.insert(at, byte);
            assert!(!verifies(&longer, &leaf, &policy), "{byte:#x} before byte {at}");
        }
        let mut shorter = bytes.to_vec();
        shorter.remove(at);
        assert!(!verifies(&shorter, &leaf, &policy), "without byte {at}");
    }
}

#[test]
fn what_is_huge_is_refused_soon() {
    let (text, leaf, policy) = receipt();
    let hash = checkpoint::hash_line(&EMPTY);
    let (head, note) = text.split_once("\n\n").unwrap();
    let index = |index: &str| text.replacen("index 77", &format!("index {index}"), 1);
    let million = 1_000_000;
    for text in [
        format!("{head}\n{}\n\n{note}", format!("{hash}\n").repeat(million)),
        format!("{head}\n{hash}\n\n{note}"),
        format!("{head}\n\n{}{note}", "\n".repeat(million)),
        format!("{text}{}", "\u{2014} w AAAAAAA=\n".repeat(million)),
        text.replacen("index", &format!("extra {}\nindex", "A".repeat(4 * million)), 1),
        index("18446744073709551615"),
        index("18446744073709551616"),
        index(&"9".repeat(million)),
        index("077"),
        index("-1"),
        "c2sp.org/tlog-proof@v1\n".repeat(million),
    ] {
        assert!(!verifies(text.as_bytes(), &leaf, &policy));
    }
    let lines = "witness w x\n".repeat(million);
    assert!(Policy::parse(lines.as_bytes()).is_err());
    assert!(Policy::parse("# a remark\n".repeat(million).as_bytes()).is_err());
    assert!(Note::parse("\n".repeat(million).as_bytes()).is_err());
}

#[test]
fn proofs_hold_for_one_size_and_place_only() {
    let leaves: Vec<Vec<u8>> = (0..40u8).map(|n| vec![n]).collect();
    let mut trees: Vec<Hash> = (0..=40).map(|size| root(&leaves[..size])).collect();
    let folder = tempfile::tempdir().unwrap();
    let mut log = create(folder.path());
    let all: Vec<Entry> = leaves.iter().cloned().map(Entry::new).collect();
    log.append(&all).unwrap();
    let (_, now) = log.view().checkpoint().unwrap();
    trees[40] = now.root;
    for index in 0..40u64 {
        let proof = log.view().prove(index).unwrap().hashes;
        let leaf = leaf_hash(&leaves[usize::try_from(index).unwrap()]);
        for place in 0..42 {
            let holds = verifies_inclusion(&proof, 40, &now.root, place, &leaf);
            assert_eq!(holds, place == index);
        }
        for size in [0, 1, MAX_SIZE, MAX_SIZE + 1, u64::MAX] {
            assert!(!verifies_inclusion(&proof, size, &now.root, index, &leaf));
        }
        let mut longer = proof.clone();
        longer.push(EMPTY);
        assert!(!verifies_inclusion(&longer, 40, &now.root, index, &leaf));
    }
    for old in 0..=40u64 {
        let proof = log.view().consistency(old, &now).unwrap();
        for (size, root) in (0u64..).zip(&trees) {
            let holds = verifies_consistency(&proof, (size, root), (40, &now.root));
            // From the empty tree, and to the same tree, the proof is empty.
            let is_empty = proof.is_empty() && [0, 40].contains(&size);
            assert_eq!(holds, size == old || is_empty, "{old} {size}");
        }
        for size in [41, MAX_SIZE, u64::MAX] {
            let old_root = &trees[usize::try_from(old).unwrap()];
            assert!(!verifies_consistency(&proof, (size, old_root), (40, &now.root)));
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        read_all(&bytes);
    }

    #[test]
    fn no_lines_make_a_reader_panic(
        lines in proptest::collection::vec(
            prop_oneof![
                Just("c2sp.org/tlog-proof@v1".to_owned()),
                Just(String::new()),
                Just("index 5".to_owned()),
                Just("extra AAAA".to_owned()),
                Just("old 5".to_owned()),
                Just(checkpoint::hash_line(&EMPTY)),
                Just(ORIGIN.to_owned()),
                any::<u64>().prop_map(|number| number.to_string()),
                Just(format!("log {}", key().vkey())),
                Just("group g 1 g".to_owned()),
                Just("quorum none".to_owned()),
                Just("\u{2014} a AAAAAAA=".to_owned()),
                ".{0,40}",
            ],
            0..30,
        )
    ) {
        read_all(lines.join("\n").as_bytes());
        read_all((lines.join("\n") + "\n").as_bytes());
        let logs = vec![(ORIGIN.to_owned(), key().vkey().clone())];
        let nowhere = Disk::new("/nowhere");
        let w = super::super::witness::Witness::new(witness("w", 1), logs, nowhere);
        let request = format!("old 5\n{}\n", lines.join("\n"));
        prop_assert!(w.add_checkpoint(request.as_bytes(), 1).unwrap().status != 200);
    }

    #[test]
    fn no_proof_makes_a_verifier_panic(
        size in any::<u64>(),
        other in any::<u64>(),
        proof in proptest::collection::vec(any::<[u8; 32]>(), 0..70),
        root in any::<[u8; 32]>(),
    ) {
        prop_assert!(!verifies_inclusion(&proof, size, &root, other, &EMPTY));
        prop_assert!(!verifies_consistency(&proof, (size, &root), (other, &root)) || size == other);
    }
}

fn read_all(bytes: &[u8]) {
    if let Ok(note) = Note::parse(bytes) {
        assert_eq!(note.to_string().as_bytes(), bytes);
        let _ = Checkpoint::parse(&note.text);
    }
    if let Ok(proof) = Proof::parse(bytes) {
        assert_eq!(proof.to_string().as_bytes(), bytes);
        assert!(proof.verify(&EMPTY, &Policy::of_log(key().vkey().clone())).is_err());
    }
    let _ = Policy::parse(bytes);
    let _ = Leaf::parse(bytes);
    let _ = documents("a file", bytes);
    let _ = tiles::split(bytes);
    let _ = pending::peek(bytes);
    let text = String::from_utf8_lossy(bytes);
    let _ = Vkey::parse(&text);
    let _ = Skey::parse(&text);
    if let Ok(checkpoint) = Checkpoint::parse(&text) {
        assert_eq!(checkpoint.to_string(), text);
    }
}
