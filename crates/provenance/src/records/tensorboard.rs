//! Event files of `TensorBoard`.

use artifact::Blob;
use formats::tensorboard;

use super::{Checkpoint, DigestSet, OddityKind, Point, Record, Source};

pub(super) fn read(blob: &Blob, path: &str) -> Record {
    let events = tensorboard::read(blob);
    let mut record = Record::new(Source::TensorBoard, path);
    // Runs are told apart by their folders.
    record.run = super::base(super::folder(path).trim_end_matches('/')).into();
    record.odd_format(&events.oddities);
    record.hyper_parameters = events.hyper_parameters;
    for scalar in events.scalars {
        record.point(Point {
            step: scalar.step,
            epoch: None,
            wall_time: Some(scalar.wall_time),
            metric: scalar.tag,
            value: scalar.value,
        });
    }
    for (step, path) in events.checkpoints {
        record.checkpoints.push(Checkpoint { step, path, digest: DigestSet::new() });
    }
    for step in events.starts.iter().skip(1) {
        record.odd(OddityKind::Restart, Some(*step), "a session began again");
    }
    record
}
