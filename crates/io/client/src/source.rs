//! Where the frames to publish come from.

use palco_base::{Codec, EncodedFrame, Fault, MediaKind, MediaTime};

/// What a source has to give.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Next {
    /// The next frame.
    Frame(EncodedFrame),
    /// Nothing yet; ask again in a few milliseconds.
    Pending,
    /// There will be no more.
    End,
}

/// Coded frames with times from zero up, both tracks interleaved by time.
pub trait FrameSource: Send {
    /// The next frame. Must not block: a session's keep-alives wait behind it.
    ///
    /// # Errors
    /// When the source is broken; the session ends with the fault.
    fn next(&mut self) -> Result<Next, Fault>;

    /// The length after which the source repeats itself, if it does and that is known.
    fn period(&self) -> Option<MediaTime> {
        None
    }

    /// How the picture is coded.
    fn video(&self) -> Codec {
        Codec::H264
    }

    /// How many times the source has begun again.
    fn loops(&self) -> u64 {
        0
    }
}

/// Frames held in memory, once or for ever.
pub struct Frames {
    frames: Vec<EncodedFrame>,
    period: MediaTime,
    looped: bool,
    at: usize,
    loops: u64,
}

impl Frames {
    /// Takes the frames, in any order. Their times are moved so that the first is zero. Looped,
    /// a frame that lies past the [period](period_of) is dropped.
    #[must_use]
    pub fn new(mut frames: Vec<EncodedFrame>, looped: bool) -> Self {
        frames.sort_by_key(|f| f.time);
        let first = frames.first().map_or(MediaTime::ZERO, |f| f.time);
        for frame in &mut frames {
            frame.time = frame.time - first;
        }
        let period = period_of(&frames);
        if looped {
            frames.retain(|f| f.time < period);
        }
        Self { frames, period, looped, at: 0, loops: 0 }
    }
}

impl FrameSource for Frames {
    fn next(&mut self) -> Result<Next, Fault> {
        if self.at == self.frames.len() {
            if !self.looped || self.frames.is_empty() {
                return Ok(Next::End);
            }
            self.at = 0;
            self.loops += 1;
        }
        let mut frame = self.frames[self.at].clone();
        self.at += 1;
        let turns = i64::try_from(self.loops).unwrap_or(i64::MAX);
        frame.time += MediaTime::from_micros(self.period.micros().saturating_mul(turns));
        Ok(Next::Frame(frame))
    }

    fn period(&self) -> Option<MediaTime> {
        (self.looped && !self.frames.is_empty()).then_some(self.period)
    }

    fn video(&self) -> Codec {
        self.frames.iter().map(|f| f.codec).find(|c| c.kind() == MediaKind::Video).unwrap_or(Codec::H264)
    }

    fn loops(&self) -> u64 {
        self.loops
    }
}

/// How long sorted frames last: from zero to the end of the picture, rounded to whole audio
/// packets so that the sound goes on in step; the sound's length if there is no picture, or if
/// the sound is longer by more than a coder's padding.
pub(crate) fn period_of(frames: &[EncodedFrame]) -> MediaTime {
    const AUDIO_PACKET: i64 = 20_000;
    const PADDING: i64 = 120_000;
    let end = |kind: MediaKind, default_step: i64| {
        let times: Vec<i64> =
            frames.iter().filter(|f| f.codec.kind() == kind).map(|f| f.time.micros()).collect();
        let (first, last) = (*times.first()?, *times.last()?);
        let steps = i64::try_from(times.len()).unwrap_or(i64::MAX) - 1;
        let step = if steps > 0 { (last - first) / steps } else { default_step };
        Some(last + step)
    };
    let whole = |micros: i64| (micros + AUDIO_PACKET / 2) / AUDIO_PACKET * AUDIO_PACKET;
    let micros = match (end(MediaKind::Video, 33_333), end(MediaKind::Audio, AUDIO_PACKET)) {
        (Some(video), None) => video,
        (None, Some(audio)) => whole(audio),
        (Some(video), Some(audio)) if audio > video + PADDING => whole(audio),
        (Some(video), Some(_)) => whole(video),
        (None, None) => 0,
    };
    MediaTime::from_micros(micros.max(1))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn frame(codec: Codec, key: bool, micros: i64) -> EncodedFrame {
        EncodedFrame { codec, key, time: MediaTime::from_micros(micros), payload: [0u8, 1].as_slice().into() }
    }

    /// `seconds` of 30 fps video with a key frame each second and of 20 ms audio, with the
    /// one packet more that Opus coders add.
    pub(crate) fn second_by_second(seconds: i64) -> Vec<EncodedFrame> {
        let video = (0..seconds * 30).map(|n| frame(Codec::H264, n % 30 == 0, n * 1_000_000 / 30));
        let audio = (0..=seconds * 50).map(|n| frame(Codec::Opus, true, n * 20_000));
        video.chain(audio).collect()
    }

    fn take(source: &mut Frames, count: usize) -> Vec<EncodedFrame> {
        (0..count)
            .map(|_| match source.next() {
                Ok(Next::Frame(frame)) => frame,
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn a_loop_goes_on_without_a_gap_in_either_track() {
        let mut source = Frames::new(second_by_second(4), true);
        assert_eq!(source.period(), Some(MediaTime::from_millis(4_000)));
        let frames = take(&mut source, 3 * 4 * 80);
        for (kind, step) in [(MediaKind::Video, 33_333), (MediaKind::Audio, 20_000)] {
            let times: Vec<_> =
                frames.iter().filter(|f| f.codec.kind() == kind).map(|f| f.time.micros()).collect();
            assert!(times.windows(2).all(|w| (w[1] - w[0] - step).abs() <= 1), "{kind:?} {times:?}");
        }
        assert_eq!(source.loops(), 2);
    }

    #[test]
    fn once_through_ends() {
        let mut source = Frames::new(second_by_second(1), false);
        take(&mut source, 81);
        assert_eq!(source.next(), Ok(Next::End));
        assert_eq!(Frames::new(Vec::new(), true).next(), Ok(Next::End));
    }
}
