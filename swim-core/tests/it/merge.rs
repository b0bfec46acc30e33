//! Whatever the order in which the same claims arrive, the list that comes of them is the same (R1, I4).

use proptest::prelude::*;
use swim_core::{Change, Checksum, Hearsay, Incarnation, Options, OwnLabels, Source, Status};

use crate::forge::{inc, own, quiet_lan, secs};
use crate::world::World;

/// What one claim says, in numbers that a failing case shows well.
#[derive(Clone, Copy, Debug)]
struct Said {
    maker: u32,
    subject: u32,
    status: Status,
    incarnation: u64,
    labels: usize,
}

/// Members 2 to 6 are known; 7 to 9 are not.
fn said() -> impl Strategy<Value = Said> {
    let status = prop::sample::select(&Status::ALL[..]);
    (2u32..10, 2u32..10, status, 0u64..4, 0usize..3).prop_map(|(maker, subject, status, incarnation, labels)| Said {
        maker,
        subject,
        status,
        incarnation,
        labels,
    })
}

/// Some claims, and the same ones in another order. There are no tombstones of those that are not known: they are not
/// accepted, so whether they find the member listed is the one thing that does depend on the order.
fn in_two_orders(claims: impl Strategy<Value = Vec<Said>>) -> impl Strategy<Value = (Vec<Said>, Vec<Said>)> {
    let matters = |said: &Said| said.subject <= 6 || said.status != Status::Tombstone;
    let claims = claims.prop_map(move |claims| claims.into_iter().filter(matters).collect::<Vec<_>>());
    claims.prop_flat_map(|claims| (Just(claims.clone()), Just(claims).prop_shuffle()))
}

fn options(hearsay: Hearsay) -> Options {
    let mut options = quiet_lan();
    options.hearsay = hearsay;
    // Evictions belong to time, not to the claims.
    options.evicted_max = 0;
    options
}

type Row = (u32, Incarnation, Status, Vec<u8>);

fn list(world: &World) -> (Checksum, Vec<Row>) {
    let rows = world.node(1).members().into_iter();
    let rows = rows.map(|member| (member.address, member.incarnation, member.status, member.labels.encoded().to_vec()));
    (world.node(1).checksum(), rows.collect())
}

/// Node 1, among 2 to 6, hears all of it, `together` claims in a message.
fn after(hearsay: Hearsay, claims: &[Said], together: usize) -> World {
    let labels = ["", "a", "b"].map(|value| OwnLabels::new((!value.is_empty()).then_some(("k", value))).unwrap());
    let mut world = World::among(options(hearsay), 6);
    let changes: Vec<Change<'_, u32>> = claims
        .iter()
        .map(|said| Change {
            address: said.subject,
            incarnation: inc(said.incarnation),
            status: said.status,
            source: Some(Source { address: said.maker, incarnation: inc(0) }),
            labels: labels[said.labels].as_labels(),
        })
        .collect();
    for message in changes.chunks(together) {
        world.tell(2, 1, message);
    }
    world
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// R1 alone: the list is the same at once.
    #[test]
    fn by_precedence_alone_any_order_ends_in_the_same_list_at_once(
        (first, second) in in_two_orders(prop::collection::vec(said(), 0..24)),
        together in 1usize..8,
    ) {
        let one = after(Hearsay::Believe, &first, together);
        let other = after(Hearsay::Believe, &second, 1);
        prop_assert_eq!(list(&one), list(&other));
    }

    /// With R1a a death is an accusation first; once all timers have run out it makes no difference.
    #[test]
    fn with_hearsay_doubted_any_order_ends_in_the_same_list_once_the_timers_have_run_out(
        (first, second) in in_two_orders(prop::collection::vec(said(), 0..16)),
        together in 1usize..8,
    ) {
        // Those that are suspected become faulty; a day later all of the dead are tombstones, and then forgotten.
        let until = secs(60);
        let mut worlds = [after(Hearsay::Suspect, &first, together), after(Hearsay::Suspect, &second, 1)];
        worlds.iter_mut().for_each(|world| world.run(until));
        let alive = |world: &World| -> Vec<(u32, Incarnation)> {
            let members = world.node(1).members().into_iter().filter(|member| member.status == Status::Alive);
            members.map(|member| (member.address, member.incarnation)).collect()
        };
        prop_assert_eq!(alive(&worlds[0]), alive(&worlds[1]), "who lives does not depend on the order");
        worlds.iter_mut().for_each(|world| world.run(secs(25 * 60 * 60)));
        prop_assert_eq!(list(&worlds[0]), list(&worlds[1]));
    }

    /// Claims that are heard again, in any order, change nothing.
    #[test]
    fn what_was_heard_before_changes_nothing(
        (first, again) in in_two_orders(prop::collection::vec(said(), 0..24)),
    ) {
        let once = after(Hearsay::Believe, &first, 4);
        let heard_twice: Vec<Said> = first.iter().chain(&again).copied().collect();
        let twice = after(Hearsay::Believe, &heard_twice, 4);
        prop_assert_eq!(list(&once), list(&twice));
    }

    /// The checksum is that of the list, however the list came about.
    #[test]
    fn equal_lists_have_equal_checksums_and_others_do_not(claims in prop::collection::vec(said(), 0..24)) {
        let world = after(Hearsay::Believe, &claims, 3);
        let mut rebuilt = World::lone(options(Hearsay::Believe));
        let members: Vec<_> = world.node(1).members();
        for member in members.iter().filter(|member| member.address != 1) {
            let Change { source, .. } = own(member.address, Status::Alive, inc(0));
            let change = Change {
                address: member.address,
                incarnation: member.incarnation,
                status: member.status,
                source,
                labels: member.labels,
            };
            rebuilt.tell(2, 1, &[change]);
        }
        prop_assert_eq!(world.node(1).checksum(), rebuilt.node(1).checksum());
        rebuilt.tell(2, 1, &[own(2, Status::Alive, inc(9))]);
        prop_assert_ne!(world.node(1).checksum(), rebuilt.node(1).checksum());
    }
}
