//! An LL-HLS broadcast by the clock: parts of a quarter of a second, four to a segment.

use std::fmt::Write;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const PART: Duration = Duration::from_millis(250);
const PARTS: u64 = 4;
/// Segments there are at the beginning.
const BEFORE: u64 = 5;

pub(crate) struct Broadcast {
    began: Instant,
    /// The first segment's date.
    date: Duration,
}

impl Broadcast {
    pub(crate) fn new() -> Self {
        let date = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() - PART * (BEFORE * PARTS) as u32;
        Self { began: Instant::now(), date }
    }

    /// Parts that are there.
    fn parts(&self) -> u64 {
        BEFORE * PARTS + (self.began.elapsed().as_millis() / PART.as_millis()) as u64
    }

    /// A playlist, or a piece of media. Blocks as the query wants it.
    pub(crate) fn get(&self, target: &str) -> Option<Vec<u8>> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        match path.strip_prefix("/hls/demo/")? {
            "index.m3u8" => Some(
                b"#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"x\",URI=\"a.m3u8\"\n\
                  #EXT-X-STREAM-INF:BANDWIDTH=1000,AUDIO=\"a\"\nv.m3u8\n"
                    .to_vec(),
            ),
            "v.m3u8" | "a.m3u8" => {
                self.wait(query);
                Some(self.playlist(query.contains("_HLS_skip=YES")).into_bytes())
            }
            "init.mp4" => Some([boxed(b"ftyp", 24), boxed(b"moov", 600)].concat()),
            part => {
                let (msn, part) = part.strip_suffix(".m4s")?.split_once('.')?;
                let number = msn.parse::<u64>().ok()? * PARTS + part.parse::<u64>().ok()?;
                let there = number < self.parts();
                there.then(|| [boxed(b"moof", 100), boxed(b"mdat", 9_000)].concat())
            }
        }
    }

    fn wait(&self, query: &str) {
        let value =
            |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.parse::<u64>().ok());
        let Some(number) = value("_HLS_msn=").map(|msn| msn * PARTS + value("_HLS_part=").unwrap_or(0))
        else {
            return;
        };
        let there = self.began + PART * (number + 1).saturating_sub(BEFORE * PARTS) as u32;
        while let Some(left) = there.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
            std::thread::park_timeout(left);
        }
    }

    fn playlist(&self, skip: bool) -> String {
        let mut text = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,\
                        PART-HOLD-BACK=0.75,CAN-SKIP-UNTIL=6.0\n#EXT-X-MEDIA-SEQUENCE:0\n"
            .to_owned();
        let parts = self.parts();
        let first = if skip { 3 } else { 0 };
        if skip {
            writeln!(text, "#EXT-X-SKIP:SKIPPED-SEGMENTS={first}").unwrap();
        } else {
            text += "#EXT-X-MAP:URI=\"init.mp4\"\n";
        }
        for msn in first..=parts / PARTS {
            let listed = parts.saturating_sub(msn * PARTS).min(PARTS);
            if listed > 0 {
                let date = date(self.date + PART * (msn * PARTS) as u32);
                writeln!(text, "#EXT-X-PROGRAM-DATE-TIME:{date}").unwrap();
            }
            for part in 0..listed {
                let uri = format!("{msn}.{part}.m4s");
                writeln!(text, "#EXT-X-PART:DURATION=0.25,URI=\"{uri}\",INDEPENDENT=YES").unwrap();
            }
            if listed == PARTS {
                writeln!(text, "#EXTINF:1.0,\n{msn}.m4s").unwrap();
            }
        }
        text
    }
}

fn boxed(name: &[u8; 4], size: u32) -> Vec<u8> {
    let mut bytes = [size.to_be_bytes(), *name].concat();
    bytes.resize(size as usize, 0);
    bytes
}

/// ISO 8601; the day is counted off from 2026, which is long enough ago for a test of today.
fn date(unix: Duration) -> String {
    const YEAR_2026: u64 = 20_454;
    let leap = |year: u64| year.is_multiple_of(4);
    let (mut day, mut year, mut month) = (unix.as_secs() / 86_400 - YEAR_2026, 2026, 0);
    while day >= 365 + u64::from(leap(year)) {
        day -= 365 + u64::from(leap(year));
        year += 1;
    }
    let months = [31, 28 + u64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    while day >= months[month] {
        day -= months[month];
        month += 1;
    }
    let second = unix.as_secs() % 86_400;
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    let millis = unix.subsec_millis();
    format!("{year}-{:02}-{:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z", month + 1, day + 1)
}
