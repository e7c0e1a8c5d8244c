//! A disk that is full while something is uploaded, and while something is recorded.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::place::{Place, nothing_lost_or_doubled};

/// A disk of a few megabytes. It goes with the test.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// `None` where this system lets nobody mount.
    fn new(size: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let size = format!("size={size}");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder.path());
        if mount.status().is_ok_and(|status| status.success()) {
            return Some(Self(folder));
        }
        eprintln!("no disk can be mounted: nothing seen");
        None
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Fills it to the last byte.
    fn fill(&self) {
        let mut filler = fs::File::create(self.at("filler")).unwrap();
        for size in [1 << 16, 1 << 10, 1] {
            while std::io::Write::write_all(&mut filler, &vec![0; size]).is_ok() {}
        }
    }

    fn empty(&self) {
        fs::remove_file(self.at("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

fn objects(data: &Path) -> usize {
    let mut count = 0;
    let mut folders = vec![data.join("uploads")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { count += 1 }
        }
    }
    count
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_keeps_nothing_half_and_loses_no_job() {
    let Some(disk) = SmallDisk::new("32m") else { return };
    let place = Place::on(&disk.at("data"));
    let mut server = place.serve(&["--workers", "0"]);
    let mut client = server.client();
    let large = client.weigh("org/large", "a.bin", &vec![1; 64 << 20]).unwrap();
    assert_eq!(large.status, 507, "{large:?}");
    assert!(large.text("detail").contains("full"), "{large:?}");
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert_eq!(objects(&place.data()), 0);

    let mut accepted = Vec::new();
    for number in 0..3 {
        let body = format!("{{\"a\": {number}}}");
        let answer = client.weigh("org/small", "config.json", body.as_bytes()).unwrap();
        assert_eq!(answer.status, 202, "{answer:?}");
        accepted.push(answer.text("weighing"));
    }
    disk.fill();
    let refused = client
        .post("/api/v1/weighings", &json!({ "model": "m", "source": place.models().join("one") }));
    let refused = refused.unwrap();
    assert_eq!(refused.status, 507, "{refused:?}");
    assert!(refused.text("detail").contains("full"), "{refused:?}");
    // It can take nothing, or record nothing, and goes on asking.
    let mut worker = place.worker(&["--workers", "2"]);
    std::thread::sleep(std::time::Duration::from_secs(4));
    disk.empty();
    nothing_lost_or_doubled(&place, &accepted).await;
    let ledger = place.ledger().await;
    for job in &accepted {
        let job = ledger.job(job).await.unwrap().unwrap();
        assert_eq!(job.state.word(), "done", "{job:?}");
    }
    drop(ledger);
    assert_eq!(client.get("/api/v1/models").unwrap().status, 200);
    assert_eq!(worker.stop(rustix::process::Signal::TERM), Some(0));
    drop(client);
    assert_eq!(server.stop(rustix::process::Signal::TERM), Some(0));
    crate::kill::verified(&place);
}
