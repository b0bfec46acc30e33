//! The numbers that stand for kinds, and for what a kind says by a single byte. Zero stands for nothing, so that a
//! run of zeros is no message.

use super::error::DecodeError;
use crate::message::{Kind, Reach, Readiness, RefusedReason, SyncReason};

pub(super) const PING: u8 = 1;
pub(super) const ACK: u8 = 2;
pub(super) const PING_REQ: u8 = 3;
pub(super) const PING_REQ_ANSWER: u8 = 4;
pub(super) const GOSSIP: u8 = 5;
pub(super) const JOIN: u8 = 6;
pub(super) const LIST: u8 = 7;
pub(super) const SYNC: u8 = 8;
pub(super) const SYNC_ANSWER: u8 = 9;
pub(super) const HEAL_FETCH: u8 = 10;
pub(super) const HEAL_SUSPECT: u8 = 11;
pub(super) const HEAL_MERGE: u8 = 12;
pub(super) const DONE: u8 = 13;
pub(super) const REFUSED: u8 = 14;

/// The number of a kind, as the header carries it.
#[inline]
pub(super) const fn number<A>(kind: &Kind<A>) -> u8 {
    match kind {
        Kind::Ping { .. } => PING,
        Kind::Ack { .. } => ACK,
        Kind::PingReq { .. } => PING_REQ,
        Kind::PingReqAnswer { .. } => PING_REQ_ANSWER,
        Kind::Gossip => GOSSIP,
        Kind::Join { .. } => JOIN,
        Kind::List => LIST,
        Kind::Sync { .. } => SYNC,
        Kind::SyncAnswer { .. } => SYNC_ANSWER,
        Kind::HealFetch { .. } => HEAL_FETCH,
        Kind::HealSuspect => HEAL_SUSPECT,
        Kind::HealMerge => HEAL_MERGE,
        Kind::Done => DONE,
        Kind::Refused { .. } => REFUSED,
    }
}

#[inline]
pub(super) const fn readiness_number(readiness: Readiness) -> u8 {
    match readiness {
        Readiness::Ready => 1,
        Readiness::NotReady => 2,
    }
}

#[inline]
pub(super) const fn readiness(number: u8) -> Result<Readiness, DecodeError> {
    match number {
        1 => Ok(Readiness::Ready),
        2 => Ok(Readiness::NotReady),
        found => Err(DecodeError::UnknownCode { found }),
    }
}

#[inline]
pub(super) const fn reach_number(reach: Reach) -> u8 {
    match reach {
        Reach::Reached => 1,
        Reach::NotReached => 2,
        Reach::NotReady => 3,
    }
}

#[inline]
pub(super) const fn reach(number: u8) -> Result<Reach, DecodeError> {
    match number {
        1 => Ok(Reach::Reached),
        2 => Ok(Reach::NotReached),
        3 => Ok(Reach::NotReady),
        found => Err(DecodeError::UnknownCode { found }),
    }
}

#[inline]
pub(super) const fn sync_number(reason: SyncReason) -> u8 {
    match reason {
        SyncReason::Diverged => 1,
        SyncReason::Overload => 2,
    }
}

#[inline]
pub(super) const fn sync(number: u8) -> Result<SyncReason, DecodeError> {
    match number {
        1 => Ok(SyncReason::Diverged),
        2 => Ok(SyncReason::Overload),
        found => Err(DecodeError::UnknownCode { found }),
    }
}

#[inline]
pub(super) const fn refused_number(reason: RefusedReason) -> u8 {
    match reason {
        RefusedReason::OtherApp => 1,
        RefusedReason::Oneself => 2,
        RefusedReason::Busy => 3,
        RefusedReason::NotPingable => 4,
        RefusedReason::Unexpected => 5,
        RefusedReason::NotReady => 6,
    }
}

#[inline]
pub(super) const fn refused(number: u8) -> Result<RefusedReason, DecodeError> {
    match number {
        1 => Ok(RefusedReason::OtherApp),
        2 => Ok(RefusedReason::Oneself),
        3 => Ok(RefusedReason::Busy),
        4 => Ok(RefusedReason::NotPingable),
        5 => Ok(RefusedReason::Unexpected),
        6 => Ok(RefusedReason::NotReady),
        found => Err(DecodeError::UnknownCode { found }),
    }
}
