//! Uploads: what is kept, shared, bounded and swept.

use std::time::Duration;

use ledger::{Error, Ledger, Room, Task, UploadedFile};

use crate::world::{World, act, digest, on_both};

const ROOM: Room = Room { bytes: 100, files: 3, caller: 150 };

fn file(path: &str, bytes: u64, place: &str) -> UploadedFile {
    let sha256 = digest(bytes.to_string());
    UploadedFile { path: path.into(), sha256, bytes, place: place.into() }
}

async fn put(
    ledger: &Ledger,
    upload: &str,
    path: &str,
    bytes: u64,
    place: &str,
) -> Result<String, Error> {
    ledger.add_to_upload(act("ana", 0), upload, file(path, bytes, place), ROOM).await
}

on_both! {
    async fn the_same_bytes_are_kept_once_and_the_same_files_have_one_name(world: &World) {
        let ledger = world.open().await;
        let mut hashes = Vec::new();
        for (upload, place) in [("u1", "first"), ("u2", "second")] {
            ledger.begin_upload(act("ana", 0), upload).await.unwrap();
            assert_eq!(put(&ledger, upload, "a/b", 5, place).await.unwrap(), "first");
            assert_eq!(put(&ledger, upload, "c", 7, "third").await.unwrap(), "third");
            hashes.push(ledger.seal_upload(act("ana", 0), upload).await.unwrap());
        }
        assert_eq!(hashes[0], hashes[1]);
        assert_eq!(ledger.seal_upload(act("ana", 0), "u1").await.unwrap(), hashes[0]);
        let files = ledger.uploaded(&hashes[0]).await.unwrap().unwrap();
        assert_eq!(files, [file("a/b", 5, "first"), file("c", 7, "third")]);
        assert!(ledger.uploaded("").await.unwrap().is_none());
        let sealed = put(&ledger, "u1", "d", 1, "x").await;
        assert!(matches!(sealed, Err(Error::Refused { .. })), "{sealed:?}");
    }
}

on_both! {
    async fn nobody_else_touches_an_upload_and_nobody_goes_beyond_the_room(world: &World) {
        let ledger = world.open().await;
        ledger.begin_upload(act("ana", 0), "u").await.unwrap();
        let other = ledger.add_to_upload(act("ben", 0), "u", file("a", 1, "p"), ROOM).await;
        assert!(matches!(other, Err(Error::Unknown { .. })), "{other:?}");
        assert!(ledger.seal_upload(act("ben", 0), "u").await.is_err());
        assert!(ledger.drop_upload(act("ben", 0), "u").await.is_err());
        let empty = ledger.seal_upload(act("ana", 0), "u").await;
        assert!(matches!(empty, Err(Error::Refused { .. })), "{empty:?}");

        put(&ledger, "u", "a", 90, "p1").await.unwrap();
        let full = put(&ledger, "u", "b", 11, "p2").await;
        assert!(matches!(full, Err(Error::NoRoom { .. })), "{full:?}");
        assert!(ledger.blob(&digest("11")).await.unwrap().is_none(), "nothing half there");
        // A file in place of another makes room.
        put(&ledger, "u", "a", 80, "p3").await.unwrap();
        put(&ledger, "u", "b", 11, "p4").await.unwrap();
        put(&ledger, "u", "c", 1, "p5").await.unwrap();
        assert!(matches!(put(&ledger, "u", "d", 1, "p6").await, Err(Error::NoRoom { .. })));
        let upload = ledger.upload("u").await.unwrap().unwrap();
        assert_eq!((upload.files, upload.bytes, upload.of_owner), (3, 92, 92));
        ledger.begin_upload(act("ana", 0), "v").await.unwrap();
        assert!(matches!(put(&ledger, "v", "a", 60, "p7").await, Err(Error::NoRoom { .. })));
        ledger.drop_upload(act("ana", 0), "u").await.unwrap();
        put(&ledger, "v", "a", 60, "p7").await.unwrap();
        put(&ledger, "v", "a/b", 1, "p8").await.unwrap();
        let both = ledger.seal_upload(act("ana", 0), "v").await;
        assert!(matches!(both, Err(Error::Refused { .. })), "a file and a folder: {both:?}");
    }
}

on_both! {
    async fn what_nobody_wants_is_swept_and_what_a_job_reads_stays(world: &World) {
        let ledger = world.open().await;
        for (upload, bytes) in [("open", 1), ("wanted", 2), ("unwanted", 3)] {
            ledger.begin_upload(act("ana", 0), upload).await.unwrap();
            put(&ledger, upload, "a", bytes, upload).await.unwrap();
        }
        let hash = ledger.seal_upload(act("ana", 0), "wanted").await.unwrap();
        ledger.seal_upload(act("ana", 0), "unwanted").await.unwrap();
        let task = Task { kind: "weighing".into(), request: "{}".into(), source: format!("upload:{hash}") };
        ledger.submit(act("ana", 0), "j", task).await.unwrap();
        let (day, hour) = (Duration::from_hours(24), Duration::from_hours(1));
        assert_eq!(ledger.sweep_uploads(hour, day).await.unwrap(), [""; 0]);
        world.tamper("UPDATE upload SET used = used - 7200000").await;
        assert_eq!(ledger.sweep_uploads(hour, day).await.unwrap(), ["open"]);
        world.tamper("UPDATE upload SET used = used - 90000000").await;
        assert_eq!(ledger.sweep_uploads(hour, day).await.unwrap(), ["unwanted"]);
        assert!(ledger.uploaded(&hash).await.unwrap().is_some());
        let left = ledger.upload("wanted").await.unwrap().unwrap();
        assert_eq!(left.of_owner, 2);
        assert!(ledger.knows_place("wanted").await.unwrap());
        ledger.cancel(act("ana", 0), "j").await.unwrap();
        assert_eq!(ledger.sweep_uploads(hour, day).await.unwrap(), ["wanted"]);
    }
}
