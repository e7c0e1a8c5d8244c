use std::io::{self, Read};

use artifact::Cursor;
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::{Stage, Step};

/// `zstd --ultra -22` uses a window of 128 MiB, and that is what decoders accept unasked.
const WINDOW: u64 = 128 << 20;

/// Decodes one Zstandard frame.
///
/// The decoder keeps a window's worth of decoded bytes back until the frame ends, and never hands
/// them out where it fails. Other decoders hand out every block that they decoded. So where a
/// block fails, the frame is decoded again up to the block before it, which is then declared the
/// last one.
pub(crate) struct ZstdStage {
    decoder: FrameDecoder,
    /// Offset of the frame.
    start: Option<u64>,
    /// Offset of the header of the last block that was decoded.
    last_block: Option<u64>,
    produced: u64,
    replay: Option<Replay>,
}

/// The end of a frame whose next block is broken.
struct Replay {
    decoder: FrameDecoder,
    source: Cut,
    /// Bytes that were handed out before.
    skip: u64,
    error: String,
}

/// The frame up to `end`, with the block at `last` marked as the last one, then zeros.
struct Cut {
    input: Cursor,
    last: u64,
    end: u64,
}

impl Read for Cut {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let at = self.input.position();
        let left = usize::try_from(self.end.saturating_sub(at)).unwrap_or(usize::MAX);
        if left == 0 {
            // In place of the checksum, which nobody compares here.
            out.fill(0);
            return Ok(out.len());
        }
        let room = out.len().min(left);
        let count = self.input.read(out.get_mut(..room).unwrap_or_default())?;
        let mark = self.last.checked_sub(at).and_then(|ahead| usize::try_from(ahead).ok());
        if let Some(byte) = mark.filter(|ahead| *ahead < count).and_then(|ahead| out.get_mut(ahead))
        {
            *byte |= 1;
        }
        Ok(count)
    }
}

impl ZstdStage {
    pub(crate) fn new() -> Self {
        Self { decoder: fresh(), start: None, last_block: None, produced: 0, replay: None }
    }

    /// Prepares to hand out what the decoder holds back; `broken` is the offset of the block.
    fn recover(&mut self, input: &Cursor, broken: u64, error: String) -> io::Result<()> {
        let (Some(start), Some(last)) = (self.start, self.last_block) else {
            return Err(io::Error::other(error));
        };
        let mut source = Cut { input: input.blob().cursor(start), last, end: broken };
        let mut decoder = fresh();
        decoder.init(&mut source).map_err(io::Error::other)?;
        self.replay = Some(Replay { decoder, source, skip: self.produced, error });
        Ok(())
    }
}

fn fresh() -> FrameDecoder {
    let mut decoder = FrameDecoder::new();
    decoder.set_max_window_size(WINDOW);
    decoder
}

impl Replay {
    fn run(&mut self, out: &mut [u8]) -> io::Result<Step> {
        loop {
            while self.decoder.can_collect() == 0 {
                if self.decoder.is_finished() {
                    return Err(io::Error::other(self.error.clone()));
                }
                self.decoder
                    .decode_blocks(&mut self.source, BlockDecodingStrategy::UptoBlocks(1))
                    .map_err(io::Error::other)?;
            }
            let room = usize::try_from(self.skip).unwrap_or(usize::MAX).min(out.len());
            if room == 0 {
                let produced = self.decoder.read(out)?;
                return Ok(Step { produced, done: false });
            }
            let passed = self.decoder.read(out.get_mut(..room).unwrap_or_default())?;
            self.skip = self.skip.saturating_sub(passed as u64);
        }
    }
}

impl Stage for ZstdStage {
    fn run(&mut self, input: &mut Cursor, out: &mut [u8]) -> io::Result<Step> {
        if let Some(replay) = &mut self.replay {
            return replay.run(out);
        }
        if self.start.is_none() {
            self.start = Some(input.position());
            self.decoder.init(&mut *input).map_err(io::Error::other)?;
        }
        while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
            let block = input.position();
            match self.decoder.decode_blocks(&mut *input, BlockDecodingStrategy::UptoBlocks(1)) {
                Ok(_) => self.last_block = Some(block),
                Err(error) => {
                    self.recover(input, block, error.to_string())?;
                    return Ok(Step { produced: 0, done: false });
                }
            }
        }
        let produced = self.decoder.read(out)?;
        self.produced = self.produced.saturating_add(produced as u64);
        let done = self.decoder.is_finished() && self.decoder.can_collect() == 0;
        if done {
            let sums =
                (self.decoder.get_checksum_from_data(), self.decoder.get_calculated_checksum());
            if let (Some(said), Some(is)) = sums
                && said != is
            {
                if produced > 0 {
                    return Ok(Step { produced, done: false });
                }
                return Err(io::Error::other("the checksum does not fit the data"));
            }
        }
        Ok(Step { produced, done })
    }
}
