//! Whether a packet is lost: each with the same chance, whatever became of the others.

use std::fmt;
use std::str::FromStr;

use swim_core::Random;

/// The chance of losing a packet, in parts of a million.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loss {
    per_million: u32,
}

/// Why a loss was not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no loss: write the percentage of packets that are lost, 0 to 100, such as `5` or `0.5`")]
pub struct LossError {
    text: String,
}

impl Loss {
    /// Nothing is lost.
    pub const NONE: Self = Self { per_million: 0 };

    /// This many of a million packets are lost.
    pub const fn per_million(per_million: u32) -> Self {
        Self { per_million }
    }

    /// Whether nothing is ever lost.
    pub const fn is_none(self) -> bool {
        self.per_million == 0
    }

    /// Whether the next packet is lost.
    #[inline]
    pub fn strikes(&self, random: &mut Random) -> bool {
        self.per_million != 0 && random.below(MILLION) < self.per_million
    }
}

/// A percentage with up to four decimals, with or without the sign.
impl FromStr for Loss {
    type Err = LossError;

    fn from_str(text: &str) -> Result<Self, LossError> {
        parse(text.trim().trim_end_matches('%').trim_end()).ok_or_else(|| LossError { text: text.into() })
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.per_million / PERCENT, self.per_million % PERCENT);
        if part == 0 {
            return write!(f, "{whole}%");
        }
        let digits = format!("{part:04}");
        write!(f, "{whole}.{}%", digits.trim_end_matches('0'))
    }
}

/// Whole numbers only, so that a percentage means the same on every machine.
fn parse(text: &str) -> Option<Loss> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(part) || part.len() > 4 {
        return None;
    }
    let part = part.parse::<u32>().ok()? * 10u32.pow(4 - part.len() as u32);
    let per_million = whole.parse::<u32>().ok()?.checked_mul(PERCENT)?.checked_add(part)?;
    (per_million <= MILLION).then_some(Loss { per_million })
}

const MILLION: u32 = 1_000_000;
const PERCENT: u32 = MILLION / 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn about_as_many_are_lost_as_asked_for() {
        let loss: Loss = "5".parse().unwrap();
        let mut random = Random::new(1);
        let lost = (0..10_000).filter(|_| loss.strikes(&mut random)).count();
        // Six standard deviations (22 each) either side.
        assert!((370..630).contains(&lost), "{lost}");
    }

    #[test]
    fn nothing_and_everything_are_exact() {
        let mut random = Random::new(1);
        assert!(!(0..1000).any(|_| Loss::NONE.strikes(&mut random)));
        let all: Loss = "100%".parse().unwrap();
        assert!((0..1000).all(|_| all.strikes(&mut random)));
    }

    #[test]
    fn percentages_are_read_exactly() {
        for (text, per_million, shown) in
            [("0", 0, "0%"), ("5", 50_000, "5%"), ("0.5 %", 5_000, "0.5%"), ("12.3456%", 123_456, "12.3456%")]
        {
            let loss: Loss = text.parse().unwrap();
            assert_eq!((loss.per_million, loss.to_string().as_str()), (per_million, shown));
        }
    }

    #[test]
    fn what_is_no_percentage_is_refused() {
        for text in ["", "%", "-1", "100.1", "101", "1.00001", "x", "1.", ".5", "1e2", "+1", "99999999999"] {
            assert!(text.parse::<Loss>().is_err(), "{text}");
        }
    }
}
