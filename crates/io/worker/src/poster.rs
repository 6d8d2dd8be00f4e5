//! Has a sandboxed child make a poster of a stranger's picture.

use crate::ask::ask;
use palco_base::{Class, Fault};
use palco_mix::wire;
use std::fs::File;
use std::path::Path;
use std::time::Duration;

/// A camera's picture takes a second or two.
const PATIENCE: Duration = Duration::from_secs(15);
/// The line before the pictures.
const MOST_LINE: usize = 1 << 10;
/// More than pictures of their sizes can have.
const MOST_WIDE: u32 = 8 << 20;
const MOST_SMALL: u32 = 2 << 20;
const MOST_SIDE: u32 = 2_560;

/// A picture as it is shown: two JPEGs of our own making.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Poster {
    /// At most 1280 pixels wide and 2560 high, never larger than what was uploaded.
    pub wide: Vec<u8>,
    /// The same, at most 640 wide and 1280 high.
    pub small: Vec<u8>,
    /// Of `wide`, in pixels.
    pub width: u32,
    /// Of `wide`, in pixels.
    pub height: u32,
}

/// Makes a poster of a JPEG, PNG or WebP file with `palco-mixer poster`. Blocks for up to 15 s.
///
/// # Errors
/// `picture_not_supported` ([`Class::Unsupported`]), `picture_too_large` (over 10 MB or 40
/// megapixels, [`Class::TooLarge`]), `picture_broken` ([`Class::Unprocessable`]; also when it
/// takes too long or the decoder dies of it); `poster_failed` ([`Class::Unavailable`]) when the
/// child cannot be run or speaks nonsense.
pub fn poster(program: &Path, file: File) -> Result<Poster, Fault> {
    poster_of(program, "poster", file, PATIENCE)
}

fn poster_of(program: &Path, verb: &str, file: File, patience: Duration) -> Result<Poster, Fault> {
    let most = MOST_LINE as u64 + u64::from(MOST_WIDE) + u64::from(MOST_SMALL);
    // One more, so that what is too long is seen to be.
    let said = ask(program, verb, file, most + 1, patience)
        .map_err(|error| unable(format!("{}: {error}", program.display())))?;
    let crashed = said.crashed();
    match said.bytes {
        _ if crashed => Err(refused("picture_broken")),
        None => Err(Fault::unprocessable("picture_broken", "The picture takes too long to read.")),
        Some(bytes) => read(&bytes).map_err(|fault| {
            fault.unwrap_or_else(|| {
                unable(format!("{} bytes of nonsense; the child ended with {:?}", bytes.len(), said.status))
            })
        }),
    }
}

fn unable(detail: String) -> Fault {
    Fault::unavailable("poster_failed", "The picture could not be read.").hint("Try again.").internal(detail)
}

/// The fault of this code, in our own words: a child that a file has taken over could say anything.
fn refused(code: &str) -> Fault {
    match code {
        "picture_not_supported" => {
            let text = "This is not a JPEG, PNG or WebP picture.";
            Fault::new(Class::Unsupported, "picture_not_supported", text)
        }
        "picture_too_large" => {
            let text = "The picture has more than 10 MB or 40 megapixels.";
            Fault::new(Class::TooLarge, "picture_too_large", text)
        }
        _ => Fault::unprocessable("picture_broken", "The picture is damaged or incomplete."),
    }
}

/// What the child printed; no fault inside the error is nonsense.
fn read(bytes: &[u8]) -> Result<Poster, Option<Fault>> {
    let end = bytes.iter().take(MOST_LINE).position(|byte| *byte == b'\n').ok_or(None)?;
    let (line, rest) = (&bytes[..end], &bytes[end + 1..]);
    match serde_json::from_slice(line).map_err(|_| None)? {
        wire::Poster::Refused { code, .. } => Err(Some(refused(&code))),
        wire::Poster::Made { width, height, wide, small } => {
            let sizes = [width, height].iter().all(|side| (1..=MOST_SIDE).contains(side));
            let lengths = wide <= MOST_WIDE && small <= MOST_SMALL;
            if !sizes || !lengths || rest.len() != wide as usize + small as usize {
                return Err(None);
            }
            let (wide, small) = rest.split_at(wide as usize);
            if ![wide, small].iter().all(|it| it.starts_with(b"\xFF\xD8\xFF") && it.ends_with(b"\xFF\xD9")) {
                return Err(None);
            }
            Ok(Poster { wide: wide.to_vec(), small: small.to_vec(), width, height })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// What is made of the answer of a stand-in for the child: a shell, and the script is its file.
    fn answer(script: &str, patience: Duration) -> Result<Poster, Fault> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("palco-poster-{}-{number}", std::process::id()));
        std::fs::write(&path, script).unwrap();
        let file = File::open(&path).unwrap();
        std::fs::remove_file(path).unwrap();
        poster_of(Path::new("/bin/sh"), "-s", file, patience)
    }

    const LONG: Duration = Duration::from_secs(60);
    const MADE: &str = r#"{"verdict":"made","width":3,"height":2,"wide":6,"small":5}"#;

    #[test]
    fn pictures_are_taken_from_behind_the_line() {
        let script = format!(r"echo '{MADE}'; printf '\377\330\377a\377\331\377\330\377\377\331'");
        let made = answer(&script, LONG).unwrap();
        assert_eq!((made.width, made.height, made.wide.len(), made.small.len()), (3, 2, 6, 5));
    }

    #[test]
    fn refusals_are_in_our_own_words() {
        for (code, class) in [
            ("picture_not_supported", Class::Unsupported),
            ("picture_too_large", Class::TooLarge),
            ("picture_broken", Class::Unprocessable),
            ("anything", Class::Unprocessable),
        ] {
            let line = format!(r#"{{"verdict":"refused","code":"{code}","text":"<b>Click here</b>"}}"#);
            let fault = answer(&format!("echo '{line}'"), LONG).expect_err(code);
            assert_eq!(fault.class, class);
            assert!(!fault.to_string().contains("Click"));
        }
        assert_eq!(answer("kill -ABRT $$", LONG).expect_err("a crash").code, "picture_broken");
    }

    #[test]
    fn nonsense_is_nothing() {
        let large = MADE.replace("\"wide\":6", "\"wide\":4000000000");
        let huge = MADE.replace("\"width\":3", "\"width\":30000");
        for script in [
            "true".to_owned(),
            "echo".to_owned(),
            "echo {}".to_owned(),
            "cat /dev/zero".to_owned(),
            format!("echo '{MADE}'"),
            format!("echo '{MADE}'; printf 'hello worl'"),
            format!("echo '{MADE}'; printf '<script>!!!'"),
            format!("echo '{MADE}'; cat /dev/zero"),
            format!("echo '{large}'; cat /dev/zero"),
            format!(r"echo '{huge}'; printf '\377\330\377a\377\331\377\330\377\377\331'"),
        ] {
            assert_eq!(answer(&script, LONG).expect_err(&script).code, "poster_failed", "{script}");
        }
        let nobody = poster(Path::new("/nonexistent"), File::open("/dev/null").unwrap());
        assert_eq!(nobody.expect_err("no program").code, "poster_failed");
    }

    #[test]
    fn a_child_that_hangs_is_ended() {
        let note = std::env::temp_dir().join(format!("palco-poster-pid-{}", std::process::id()));
        let script = format!("echo $$ >{}.new; mv {0}.new {0}; exec tail -f /dev/null", note.display());
        let fault = answer(&script, Duration::from_secs(2)).expect_err("it hangs");
        assert_eq!(fault.code, "picture_broken");
        let pid = std::fs::read_to_string(&note).unwrap();
        std::fs::remove_file(&note).unwrap();
        assert!(!Path::new("/proc").join(pid.trim()).exists(), "{pid} has ended and was waited for");
    }
}
