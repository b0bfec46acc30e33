//! Times as people write them: `90s`, `2m 30s`, and `-10m` where a clock goes back.

use std::fmt;
use std::str::FromStr;

use swim_core::Micros;

/// A span of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(pub Micros);

/// A span of time with a sign, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shift(pub i64);

/// How much faster a clock runs, in parts of a million.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drift(pub i32);

/// Why a time was not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimeError {
    /// No time at all.
    #[error("`{text}` is no time: {reason}; write it with its unit, such as `90s` or `2m 30s`")]
    Unreadable {
        /// What was written.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Longer than ten years.
    #[error("`{text}` is longer than ten years")]
    TooLong {
        /// What was written.
        text: String,
    },
    /// No drift.
    #[error("`{text}` is no drift; write by how much the clock is too fast, -50% to 50%, such as `0.02%` or `-5%`")]
    Drift {
        /// What was written.
        text: String,
    },
}

impl Time {
    /// So many milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(Micros::from_millis(millis))
    }
}

impl FromStr for Time {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        let time = match decimal(text.trim()) {
            Some(time) => time,
            None => humantime::parse_duration(text.trim())
                .map_err(|error| TimeError::Unreadable { text: text.into(), reason: error.to_string() })?
                .into(),
        };
        if time > LONGEST { Err(TimeError::TooLong { text: text.into() }) } else { Ok(Self(time)) }
    }
}

/// `0.5s`: a number with decimals and one unit.
fn decimal(text: &str) -> Option<Micros> {
    let (whole, rest) = text.split_once('.')?;
    let unit = rest.trim_start_matches(|digit: char| digit.is_ascii_digit());
    let decimals = &rest[..rest.len() - unit.len()];
    if whole.is_empty() || decimals.is_empty() || decimals.len() > 9 {
        return None;
    }
    let unit: Micros = humantime::parse_duration(&format!("1{}", unit.trim())).ok()?.into();
    let number: u128 = format!("{whole}{decimals}").parse().ok()?;
    let micros = number.checked_mul(unit.0.into())? / 10u128.pow(decimals.len() as u32);
    Some(Micros(micros.try_into().ok()?))
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_duration(self.0.into()).fmt(f)
    }
}

impl FromStr for Shift {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        let text = text.trim();
        let (back, span) = match text.strip_prefix('-') {
            Some(span) => (true, span),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let millis = (span.parse::<Time>()?.0.0 / 1000) as i64;
        Ok(Self(if back { -millis } else { millis }))
    }
}

impl fmt::Display for Shift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}{}", Time::from_millis(self.0.unsigned_abs()))
    }
}

impl FromStr for Drift {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        let error = || TimeError::Drift { text: text.into() };
        let (slow, share) = match text.trim().strip_prefix('-') {
            Some(share) => (true, share),
            None => (false, text.trim().trim_start_matches('+')),
        };
        let chance: crate::network::Chance = share.parse().map_err(|_| error())?;
        let drift = chance.in_a_million() as i32;
        if drift > crate::processes::Clock::DRIFT_MAX {
            return Err(error());
        }
        Ok(Self(if slow { -drift } else { drift }))
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}{}", crate::network::Chance::per_million(self.0.unsigned_abs()))
    }
}

crate::text::as_text!(Time, "a time with its unit, such as \"90s\"");
crate::text::as_text!(Shift, "a time with its unit and perhaps a sign, such as \"-10m\"");
crate::text::as_text!(Drift, "a percentage with a sign, such as \"-5%\"");

const LONGEST: Micros = Micros::from_millis(3660 * 24 * 3600 * 1000);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        for text in ["0s", "90s", "1m 30s", "250us", "2days"] {
            let time: Time = text.parse().unwrap();
            assert_eq!(time.to_string().parse(), Ok(time), "{text}");
        }
        for (text, micros) in [("0.5s", 500_000), ("1.25ms", 1_250), ("0.5 m", 30_000_000)] {
            assert_eq!(text.parse(), Ok(Time(Micros(micros))), "{text}");
        }
        for (text, millis) in [("-10m", -600_000), ("+1s", 1_000), ("1s 5ms", 1_005)] {
            let shift: Shift = text.parse().unwrap();
            assert_eq!((shift.0, shift.to_string().parse()), (millis, Ok(shift)), "{text}");
        }
        for (text, drift) in [("5%", 50_000), ("-0.02%", -200), ("+50%", 500_000)] {
            let read: Drift = text.parse().unwrap();
            assert_eq!((read.0, read.to_string().parse()), (drift, Ok(read)), "{text}");
        }
    }

    #[test]
    fn mistakes_say_what_to_write() {
        assert!(matches!("5".parse::<Time>(), Err(TimeError::Unreadable { .. })));
        assert!("1.s".parse::<Time>().is_err() && "1.5".parse::<Time>().is_err() && ".5s".parse::<Time>().is_err());
        assert!(matches!("20years".parse::<Time>(), Err(TimeError::TooLong { .. })));
        assert!(matches!("51%".parse::<Drift>(), Err(TimeError::Drift { .. })));
    }
}
