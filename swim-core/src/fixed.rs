//! Logarithms in fixed point, so that no float decides anything (I8).

/// `log2(n)` in units of 2^-16, rounded down; 0 for 0.
pub(crate) const fn log2(n: u32) -> u64 {
    if n == 0 {
        return 0;
    }
    let whole = n.ilog2();
    // The mantissa, in 1..2 with 31 binary places; squaring it shifts out one binary place of its logarithm.
    let mut mantissa = (n as u64) << (31 - whole);
    let mut result = (whole as u64) << 16;
    let mut bit = 1 << 15;
    while bit > 0 {
        mantissa = (mantissa * mantissa) >> 31;
        if mantissa >= 1 << 32 {
            mantissa >>= 1;
            result |= bit;
        }
        bit >>= 1;
    }
    result
}

/// `log10(n)` in units of 2^-16, to within 2^-14; 0 for 0.
pub(crate) const fn log10(n: u32) -> u64 {
    // log10(2) = 0.30103 = 1_292_913_986 / 2^32
    (log2(n) * 1_292_913_986) >> 32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_are_right_to_the_fourth_place() {
        for n in (1..5_000).chain([65_536, 1 << 20, u32::MAX]) {
            let exact = f64::from(n);
            assert!((log2(n) as f64 / 65_536.0 - exact.log2()).abs() < 5e-5, "log2 {n}");
            assert!((log10(n) as f64 / 65_536.0 - exact.log10()).abs() < 5e-5, "log10 {n}");
        }
        assert_eq!((log2(0), log2(1), log2(4)), (0, 0, 2 << 16));
    }
}
