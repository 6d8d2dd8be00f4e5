//! Letters of one stroke, as a sign maker bends neon: no font file, no shaping.

use crate::picture::{V, curve, v};

/// The strokes of a letter in a box one high; and its width. What is not known is a space.
fn strokes(letter: char) -> (f32, Vec<Vec<V>>) {
    let line = |points: &[(f32, f32)]| points.iter().map(|(x, y)| v(*x, *y)).collect::<Vec<V>>();
    let round = |points: &[(f32, f32)], closed| {
        let mut bent = curve(&line(points), closed, 4);
        if closed {
            bent.push(bent[0]);
        }
        bent
    };
    match letter {
        'A' => {
            (0.72, vec![line(&[(0.0, 1.0), (0.36, 0.0), (0.72, 1.0)]), line(&[(0.14, 0.64), (0.58, 0.64)])])
        }
        'B' => {
            let upper = round(&[(0.0, 0.0), (0.3, 0.01), (0.44, 0.22), (0.3, 0.45), (0.0, 0.46)], false);
            let lower = round(&[(0.0, 0.46), (0.32, 0.47), (0.52, 0.72), (0.34, 0.98), (0.0, 1.0)], false);
            (0.52, vec![line(&[(0.0, 0.0), (0.0, 1.0)]), upper, lower])
        }
        'C' => {
            let arc =
                [(0.68, 0.16), (0.4, 0.0), (0.08, 0.2), (0.0, 0.5), (0.08, 0.8), (0.4, 1.0), (0.68, 0.84)];
            (0.68, vec![round(&arc, false)])
        }
        'E' => {
            let spine = line(&[(0.5, 0.0), (0.0, 0.0), (0.0, 1.0), (0.5, 1.0)]);
            (0.5, vec![spine, line(&[(0.0, 0.48), (0.4, 0.48)])])
        }
        'I' => (0.0, vec![line(&[(0.0, 0.0), (0.0, 1.0)])]),
        'K' => {
            let arms = line(&[(0.52, 0.0), (0.0, 0.58)]);
            (0.54, vec![line(&[(0.0, 0.0), (0.0, 1.0)]), arms, line(&[(0.17, 0.4), (0.54, 1.0)])])
        }
        'M' => (0.8, vec![line(&[(0.0, 1.0), (0.08, 0.0), (0.4, 0.72), (0.72, 0.0), (0.8, 1.0)])]),
        'N' => (0.62, vec![line(&[(0.0, 1.0), (0.0, 0.0), (0.62, 1.0), (0.62, 0.0)])]),
        'O' => {
            let ring = [
                (0.42, 0.0),
                (0.74, 0.16),
                (0.84, 0.5),
                (0.74, 0.84),
                (0.42, 1.0),
                (0.1, 0.84),
                (0.0, 0.5),
                (0.1, 0.16),
            ];
            (0.84, vec![round(&ring, true)])
        }
        'R' => {
            let bow = round(&[(0.0, 0.0), (0.34, 0.01), (0.5, 0.26), (0.34, 0.52), (0.0, 0.53)], false);
            (0.54, vec![line(&[(0.0, 0.0), (0.0, 1.0)]), bow, line(&[(0.24, 0.53), (0.54, 1.0)])])
        }
        'S' => {
            let bend = [
                (0.5, 0.13),
                (0.27, 0.0),
                (0.04, 0.12),
                (0.06, 0.36),
                (0.28, 0.49),
                (0.5, 0.64),
                (0.5, 0.87),
                (0.26, 1.0),
                (0.0, 0.86),
            ];
            (0.52, vec![round(&bend, false)])
        }
        'T' => (0.6, vec![line(&[(0.0, 0.0), (0.6, 0.0)]), line(&[(0.3, 0.0), (0.3, 1.0)])]),
        _ => (0.28, Vec::new()),
    }
}

/// A word centred on `middle`, `size` high, with `gap` (in heights) between letters: for each
/// letter, its strokes in design units.
pub(super) fn write(text: &str, middle: V, size: f32, gap: f32) -> Vec<Vec<Vec<V>>> {
    let letters: Vec<_> = text.chars().map(strokes).collect();
    let width: f32 = letters.iter().map(|(w, _)| w + gap).sum::<f32>() - gap;
    let mut x = -width / 2.0;
    let mut placed = Vec::new();
    for (w, lines) in letters {
        let put = |p: &V| middle + v(x + p.x, p.y - 0.5) * size;
        placed.push(lines.iter().map(|line| line.iter().map(put).collect()).collect());
        x += w + gap;
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_of_the_card_is_known_and_the_line_is_centred() {
        for letter in "INTERMISSIONBACKINAMOMENT".chars() {
            assert!(!strokes(letter).1.is_empty(), "{letter}");
        }
        let points: Vec<V> =
            write("TOT", v(100.0, 50.0), 10.0, 0.3).into_iter().flatten().flatten().collect();
        let (low, high) = points.iter().fold((f32::MAX, f32::MIN), |(a, b), p| (a.min(p.x), b.max(p.x)));
        assert!(((low + high) / 2.0 - 100.0).abs() < 1e-3);
    }
}
