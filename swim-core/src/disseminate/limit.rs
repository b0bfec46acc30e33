//! How often a change is sent (R5, SWIM 4.1).

/// `factor * max(1, ceil(log10(pingable + 1)))`.
pub(crate) fn send_limit(factor: u32, pingable: u32) -> u32 {
    let all = u64::from(pingable) + 1;
    let mut digits = 1;
    let mut reach = 10u64;
    while reach < all {
        reach *= 10;
        digits += 1;
    }
    factor * digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_grows_with_the_decimal_logarithm_of_the_cluster() {
        let limits = [(0, 1), (1, 1), (9, 1), (10, 2), (99, 2), (100, 3), (999, 3), (1000, 4), (u32::MAX, 10)];
        for (pingable, digits) in limits {
            assert_eq!(send_limit(15, pingable), 15 * digits, "{pingable}");
        }
    }
}
