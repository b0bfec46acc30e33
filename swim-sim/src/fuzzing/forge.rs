//! Messages that nobody honest sent, made to hit what a node knows: few addresses, and incarnations around those that it
//! holds, around its clock, and around the limits of what it accepts (R2).

use swim_core::{
    Change, ChangeList, Checksum, ClusterId, Incarnation, Kind, Labels, Message, Micros, Node, OwnedMessage, Reach,
    Readiness, RefusedReason, Source, Status, SyncReason,
};

use super::bytes::Choices;
use super::messages;
use super::world::EPOCH;

/// How many addresses are spoken of.
pub(super) const ADDRESSES: u32 = 8;

/// One of them.
pub(super) fn address(choices: &mut Choices<'_>) -> u32 {
    choices.below(ADDRESSES as usize) as u32
}

/// A message of any kind, aimed at `node`.
pub(super) fn message(choices: &mut Choices<'_>, node: &Node<u32>) -> OwnedMessage<u32> {
    let kind = match messages::kind(choices, address) {
        Kind::PingReq { seq, target, .. } => Kind::PingReq { seq, target, timeout: choices.of(&TIMEOUTS) },
        Kind::Join { .. } => Kind::Join { app: app(choices, node) },
        Kind::HealFetch { .. } => Kind::HealFetch { app: app(choices, node) },
        kind => kind,
    };
    message_of(choices, node, kind)
}

/// A message of this kind, aimed at `node`.
pub(super) fn message_of(choices: &mut Choices<'_>, node: &Node<u32>, kind: Kind<u32>) -> OwnedMessage<u32> {
    let speaker = address(choices);
    let incarnation = incarnation(choices, node, speaker);
    let checksum = choices.of(&[node.checksum(), Checksum(0)]);
    let mut changes = ChangeList::new();
    for _ in 0..choices.below(CHANGES_MAX) {
        put_change(choices, node, &mut changes);
    }
    OwnedMessage::new(Message { kind, incarnation, checksum, changes: changes.as_changes() })
}

/// A message of the past with something about it changed.
pub(super) fn mutated(
    choices: &mut Choices<'_>,
    node: &Node<u32>,
    from: u32,
    past: &OwnedMessage<u32>,
) -> (u32, OwnedMessage<u32>) {
    let message = past.as_message();
    let mut changes: ChangeList<u32> = message.changes.iter().collect();
    let message = match choices.below(8) {
        0 => return (address(choices), past.clone()),
        1 => Message { checksum: node.checksum(), ..message },
        2 => Message { incarnation: incarnation(choices, node, from), ..message },
        3 => Message { kind: messages::kind(choices, address), ..message },
        4 => Message { kind: answer(choices, message.kind), ..message },
        5 => {
            put_change(choices, node, &mut changes);
            message
        }
        more => {
            let place = choices.below(message.changes.len());
            let status = choices.of(&Status::ALL);
            changes = message
                .changes
                .iter()
                .enumerate()
                .filter(|(number, _)| more == 6 || *number != place)
                .map(|(number, change)| if number == place { Change { status, ..change } } else { change })
                .collect();
            message
        }
    };
    (from, OwnedMessage::new(Message { changes: changes.as_changes(), ..message }))
}

/// What fits as an answer to a message of kind `asked`.
pub(super) fn answer(choices: &mut Choices<'_>, asked: Kind<u32>) -> Kind<u32> {
    let refused = Kind::Refused { reason: choices.of(&[RefusedReason::NotReady, RefusedReason::Busy]) };
    let which = choices.byte();
    match asked {
        _ if which >= 224 => refused,
        Kind::Ping { seq } => Kind::Ack { seq, ready: choices.of(&[Readiness::Ready, Readiness::NotReady]) },
        Kind::PingReq { seq, target, .. } => {
            let reach = choices.of(&[Reach::Reached, Reach::NotReached, Reach::NotReady]);
            Kind::PingReqAnswer { seq, target, reach }
        }
        Kind::Join { .. } | Kind::HealFetch { .. } => Kind::List,
        Kind::Sync { reason } => Kind::SyncAnswer { reason },
        Kind::HealSuspect | Kind::HealMerge => Kind::Done,
        _ => choices.of(&[Kind::List, Kind::Done, Kind::SyncAnswer { reason: SyncReason::Diverged }, refused]),
    }
}

fn put_change(choices: &mut Choices<'_>, node: &Node<u32>, into: &mut ChangeList<u32>) {
    let about = address(choices);
    let status = choices.of(&Status::ALL);
    let at = incarnation(choices, node, about);
    let source = match choices.below(4) {
        0 => None,
        1 => Some(Source { address: about, incarnation: at }),
        _ => {
            let maker = address(choices);
            Some(Source { address: maker, incarnation: incarnation(choices, node, maker) })
        }
    };
    let labels = choices.of(&[&[][..], &[1, b'a', 0], &[1, b'b', 1, b'c']]);
    let labels = Labels::from_encoded(labels).expect("they are encoded well");
    into.push(Change { address: about, incarnation: at, status, source, labels });
}

/// An incarnation of `member` near one that matters to `node`.
fn incarnation(choices: &mut Choices<'_>, node: &Node<u32>, member: u32) -> Incarnation {
    let held = node.member(member).map_or(EPOCH.0, |member| member.incarnation.get());
    let number = match choices.below(16) {
        0..4 => held,
        4..6 => held + 1,
        6 => held.saturating_sub(1),
        7 => held + 1_000,
        8 => EPOCH.0 + WEEK_MS,
        9 => EPOCH.0 + 2 * WEEK_MS,
        10 => EPOCH.0 + 3 * WEEK_MS,
        11 => Incarnation::CEILING.get() + u64::from(choices.byte()) - 128,
        12 => Incarnation::OWN_CEILING.get() + u64::from(choices.byte()) - 128,
        13 => Incarnation::MAX.get(),
        14 => choices.byte().into(),
        _ => EPOCH.0 + choices.number() % WEEK_MS,
    };
    Incarnation::new(number.min(Incarnation::MAX.get())).expect("it is not above the largest")
}

fn app(choices: &mut Choices<'_>, node: &Node<u32>) -> ClusterId {
    let own = ClusterId::from_name(node.app());
    choices.of(&[own, own, own, ClusterId(own.0 ^ 1)])
}

/// One more than the most changes of a forged message.
const CHANGES_MAX: usize = 6;
const WEEK_MS: u64 = 7 * 24 * 60 * 60 * 1000;
/// How long an asker says that a helper may take.
const TIMEOUTS: [Micros; 5] =
    [Micros(0), Micros(1), Micros::from_millis(100), Micros::from_millis(400), Micros(u64::MAX)];
