//! The log and other implementations of the same forms: what one writes the others verify.

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{ConsistencyProof, InclusionProof, RootHash};
use sha2::Sha256;
use signed_note::{Note as TheirNote, StandardSigner, StandardVerifier, VerifierList};

use super::*;

fn flat(proof: &[Hash]) -> Vec<u8> {
    proof.as_flattened().to_vec()
}

fn hashes(bytes: &[u8]) -> Vec<Hash> {
    bytes.as_chunks().0.to_vec()
}

#[test]
fn trees_and_proofs_are_those_of_ct_merkle() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = create(folder.path());
    let mut theirs = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    let mut size = 0;
    for count in [1, 2, 5, 120, 128, 1, 255, 300, 17] {
        let new = entries(size..size + count);
        for entry in &new {
            theirs.push(entry.data.clone());
        }
        log.append(&new).unwrap();
        size += count;
        let (_, ours) = log.view().checkpoint().unwrap();
        assert_eq!(ours.root.as_slice(), theirs.root().as_bytes().as_slice());
        for index in (0..size).step_by(13).chain([size - 1]) {
            let proof = log.view().prove(index).unwrap().hashes;
            let their_proof = theirs.prove_inclusion(usize::try_from(index).unwrap());
            assert_eq!(flat(&proof), their_proof.as_bytes());
            let entry = format!("entry {index}").into_bytes();
            let root = RootHash::<Sha256>::new(ours.root.into(), size);
            let as_theirs = InclusionProof::<Sha256>::from_bytes(flat(&proof));
            root.verify_inclusion(&entry, index, &as_theirs).unwrap();
            let leaf = leaf_hash(&entry);
            let their_proof = hashes(their_proof.as_bytes());
            assert!(verifies_inclusion(&their_proof, size, &ours.root, index, &leaf));
        }
        for old in (1..size).step_by(29) {
            let proof = log.view().consistency(old, &ours).unwrap();
            let their_proof = theirs.prove_consistency(usize::try_from(size - old).unwrap());
            assert_eq!(flat(&proof), their_proof.as_bytes());
            let before: Vec<Vec<u8>> =
                entries(0..old).into_iter().map(|entry| entry.data).collect();
            let before = root(&before);
            let as_theirs = ConsistencyProof::<Sha256>::try_from_bytes(flat(&proof)).unwrap();
            RootHash::<Sha256>::new(ours.root.into(), size)
                .verify_consistency(&RootHash::new(before.into(), old), &as_theirs)
                .unwrap();
            let now = (size, &ours.root);
            assert!(verifies_consistency(&hashes(their_proof.as_bytes()), (old, &before), now));
        }
    }
}

#[test]
fn notes_and_keys_are_those_of_signed_note() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = create(folder.path());
    log.append(&entries(0..300)).unwrap();
    // Theirs verifies ours.
    let (note, _) = log.view().checkpoint().unwrap();
    let known = StandardVerifier::new(&log.vkey().to_string()).unwrap();
    let known = VerifierList::new(vec![Box::new(known)]);
    let theirs = TheirNote::from_bytes(note.to_string().as_bytes()).unwrap();
    assert_eq!(theirs.verify(&known).unwrap().0.len(), 1);
    // Ours verifies theirs, made with the text of our key.
    let signer = StandardSigner::new(&key().text().unwrap()).unwrap();
    let mut made = TheirNote::new(note.text.as_bytes(), &[]).unwrap();
    made.add_sigs(&[&signer]).unwrap();
    let read = Note::parse(&made.to_bytes()).unwrap();
    assert_eq!(read.verified(&[key().vkey()]).unwrap().len(), 1);
    assert_eq!(read, note, "Ed25519 gives one signature");
    // Both refuse the same notes.
    let text = note.to_string();
    for at in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[at] ^= 1;
        let theirs = TheirNote::from_bytes(&bytes).is_ok_and(|note| note.verify(&known).is_ok());
        let ours =
            Note::parse(&bytes).and_then(|note| Ok(!note.verified(&[key().vkey()])?.is_empty()));
        assert!(!theirs && !ours.unwrap_or(false), "byte {at}");
    }
}

/// `aics-tlog` of `PyPI` reads the folder and the witness's signature; we read what it writes.
#[test]
fn folders_and_cosignatures_are_those_of_aics_tlog() {
    let Some(python) = service::python("aics_tlog") else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut log = create(folder.path());
    for count in [1, 299, 700] {
        let size = log.view().checkpoint().unwrap().1.size;
        log.append(&entries(size..size + count)).unwrap();
    }
    let (note, _) = log.view().checkpoint().unwrap();
    let cosigned = witness("w.example/1", 9).cosign(&note.text, 1_700_000_000).unwrap();
    log.view().add_cosignatures(&note.text, &[cosigned]).unwrap();
    let keys = format!("{}\n{}\n", key().vkey(), witness("w.example/1", 9).vkey());
    std::fs::write(folder.path().join("keys"), keys).unwrap();
    let mut verify = std::process::Command::new(python);
    let ran = verify.arg("-c").arg(include_str!("aics.py")).arg(folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{said}");
    // Their folder: the same tiles, a checkpoint and a cosignature that they signed.
    let theirs = View::new(Box::new(Disk::new(folder.path().join("theirs"))));
    let audit = theirs.verify(&[key().vkey()], None).unwrap();
    assert!(audit.holds() && audit.entries == 1000, "{audit:?}");
    assert_eq!(audit.checkpoint, log.view().checkpoint().unwrap().1);
    let policy = policy(&format!(
        "log {}\nwitness w {}\nquorum w\n",
        key().vkey(),
        witness("w.example/1", 9).vkey()
    ));
    let (_, seen) = policy.verify(&theirs.checkpoint().unwrap().0).unwrap();
    assert_eq!(seen, [("w".to_owned(), 1_700_000_001)]);
}
