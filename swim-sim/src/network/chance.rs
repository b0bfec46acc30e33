//! A chance, such as that of losing a packet: each time the same, whatever came before.

use std::fmt;
use std::str::FromStr;

use swim_core::Random;

/// How likely something is, in parts of a million.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chance {
    per_million: u32,
}

/// Why a chance was not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no chance: write a percentage, 0 to 100, such as `5` or `0.5`")]
pub struct ChanceError {
    text: String,
}

impl Chance {
    /// Never.
    pub const NEVER: Self = Self { per_million: 0 };

    /// In so many of a million cases.
    pub const fn per_million(per_million: u32) -> Self {
        Self { per_million }
    }

    /// In parts of a million.
    pub const fn in_a_million(self) -> u32 {
        self.per_million
    }

    /// Whether it never happens.
    pub const fn is_never(self) -> bool {
        self.per_million == 0
    }

    /// Whether it happens this time.
    #[inline]
    pub fn strikes(&self, random: &mut Random) -> bool {
        self.per_million != 0 && random.below(MILLION) < self.per_million
    }
}

/// A percentage with up to four decimals, with or without the sign.
impl FromStr for Chance {
    type Err = ChanceError;

    fn from_str(text: &str) -> Result<Self, ChanceError> {
        parse(text.trim().trim_end_matches('%').trim_end()).ok_or_else(|| ChanceError { text: text.into() })
    }
}

impl fmt::Display for Chance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.per_million / PERCENT, self.per_million % PERCENT);
        if part == 0 {
            return write!(f, "{whole}%");
        }
        let digits = format!("{part:04}");
        write!(f, "{whole}.{}%", digits.trim_end_matches('0'))
    }
}

crate::text::as_text!(Chance, "a percentage, such as `5` or \"0.5%\"");

/// Whole numbers only, so that a percentage means the same on every machine.
fn parse(text: &str) -> Option<Chance> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(part) || part.len() > 4 {
        return None;
    }
    let part = part.parse::<u32>().ok()? * 10u32.pow(4 - part.len() as u32);
    let per_million = whole.parse::<u32>().ok()?.checked_mul(PERCENT)?.checked_add(part)?;
    (per_million <= MILLION).then_some(Chance { per_million })
}

const MILLION: u32 = 1_000_000;
const PERCENT: u32 = MILLION / 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn about_as_many_are_lost_as_asked_for() {
        let loss: Chance = "5".parse().unwrap();
        let mut random = Random::new(1);
        let lost = (0..10_000).filter(|_| loss.strikes(&mut random)).count();
        // Six standard deviations (22 each) either side.
        assert!((370..630).contains(&lost), "{lost}");
    }

    #[test]
    fn nothing_and_everything_are_exact() {
        let mut random = Random::new(1);
        assert!(!(0..1000).any(|_| Chance::NEVER.strikes(&mut random)));
        let all: Chance = "100%".parse().unwrap();
        assert!((0..1000).all(|_| all.strikes(&mut random)));
    }

    #[test]
    fn percentages_are_read_exactly() {
        for (text, per_million, shown) in
            [("0", 0, "0%"), ("5", 50_000, "5%"), ("0.5 %", 5_000, "0.5%"), ("12.3456%", 123_456, "12.3456%")]
        {
            let loss: Chance = text.parse().unwrap();
            assert_eq!((loss.per_million, loss.to_string().as_str()), (per_million, shown));
        }
    }

    #[test]
    fn what_is_no_percentage_is_refused() {
        for text in ["", "%", "-1", "100.1", "101", "1.00001", "x", "1.", ".5", "1e2", "+1", "99999999999"] {
            assert!(text.parse::<Chance>().is_err(), "{text}");
        }
    }
}
