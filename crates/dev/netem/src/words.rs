//! Impairments in words, for the command line and for tests that talk to `palco-netem`.

use crate::{Burst, Impairment};
use std::fmt;
use std::time::Duration;

/// One order to a relay.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Word {
    /// Change one property; see [`set`].
    Set(Impairment),
    /// Lose everything.
    Cut,
    /// Stop losing everything.
    Heal,
    /// Give the client a new source address, as a network change does.
    Move,
    /// Print counters.
    Stats,
    /// End.
    Quit,
}

/// Why words are not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WordError(String);

impl fmt::Display for WordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for WordError {}

/// Sets one property: `loss 0.1`, `burst 0.01,0.2,0.9` or `burst off`, `delay 20ms`, `jitter 5ms`,
/// `reorder 0.02,10ms`, `duplicate 0.01`, `rate 2000000` or `rate off`, `queue 20000`.
///
/// # Errors
/// When the property or its value is not one of these.
pub fn set(impairment: Impairment, property: &str, value: &str) -> Result<Impairment, WordError> {
    let mut to = impairment;
    match property {
        "loss" => to.loss = chance(value)?,
        "duplicate" => to.duplicate = chance(value)?,
        "delay" => to.delay = millis(value)?,
        "jitter" => to.jitter = millis(value)?,
        "reorder" => {
            let (share, by) = value.split_once(',').unwrap_or((value, "10ms"));
            (to.reorder, to.reorder_by) = (chance(share)?, millis(by)?);
        }
        "burst" if value == "off" => to.burst = None,
        "burst" => {
            let parts: Vec<f64> = value.split(',').map(chance).collect::<Result<_, _>>()?;
            let [begin, end, loss] = parts[..] else {
                return Err(WordError("burst takes begin,end,loss".into()));
            };
            to.burst = Some(Burst { begin, end, loss });
        }
        "rate" if value == "off" => to.rate = None,
        "rate" => to.rate = Some(number(value)?),
        "queue" => to.queue = number(value)?,
        _ => return Err(WordError(format!("unknown property: {property}"))),
    }
    Ok(to)
}

/// Reads one line: a property and its value as in [`set`], or `cut`, `heal`, `move`, `stats`, `quit`.
///
/// # Errors
/// When it is none of these.
pub fn parse_word(line: &str, now: Impairment) -> Result<Word, WordError> {
    let mut words = line.split_whitespace();
    match (words.next(), words.next(), words.next()) {
        (Some("cut"), None, _) => Ok(Word::Cut),
        (Some("heal"), None, _) => Ok(Word::Heal),
        (Some("move"), None, _) => Ok(Word::Move),
        (Some("stats"), None, _) => Ok(Word::Stats),
        (Some("quit"), None, _) => Ok(Word::Quit),
        (Some(property), Some(value), None) => set(now, property, value).map(Word::Set),
        _ => Err(WordError(format!("not understood: {line}"))),
    }
}

fn chance(text: &str) -> Result<f64, WordError> {
    text.parse()
        .ok()
        .filter(|value| (0.0..=1.0).contains(value))
        .ok_or_else(|| WordError(format!("not a share from 0 to 1: {text}")))
}

fn millis(text: &str) -> Result<Duration, WordError> {
    number(text.strip_suffix("ms").unwrap_or(text)).map(Duration::from_millis)
}

fn number<N: std::str::FromStr>(text: &str) -> Result<N, WordError> {
    text.parse().map_err(|_| WordError(format!("not a number: {text}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_or_refused() {
        let none = Impairment::default();
        assert_eq!(parse_word("loss 0.1", none), Ok(Word::Set(Impairment { loss: 0.1, ..none })));
        assert_eq!(
            parse_word("burst 0.01,0.2,1", none),
            Ok(Word::Set(Impairment { burst: Some(Burst { begin: 0.01, end: 0.2, loss: 1.0 }), ..none }))
        );
        assert_eq!(
            parse_word("delay 20ms", none),
            Ok(Word::Set(Impairment { delay: Duration::from_millis(20), ..none }))
        );
        assert_eq!(parse_word(" cut ", none), Ok(Word::Cut));
        for line in ["", "loss", "loss 2", "loss x", "delay soon", "burst 1", "fly 1", "loss 0.1 0.2"] {
            assert!(parse_word(line, none).is_err(), "{line:?}");
        }
    }
}
