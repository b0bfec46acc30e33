//! Shows that swim-core needs no std.
//!
//! This crate brings its own panic handler. std brings one too, and there can be only one: where anything links std,
//! `cargo check` fails here with E0152, "found duplicate lang item `panic_impl`". That it does is shown by
//! `cargo check --features std`.

#![no_std]

use core::alloc::{GlobalAlloc, Layout};
use core::panic::PanicInfo;
use core::ptr::null_mut;

use swim_core::{Boot, ChangeList, ClusterId, Config, Effects, Input, Instant, Node, Options, UnixMillis, wire};

/// Makes the compiler generate a node and its codec, so that what they need must exist.
#[unsafe(no_mangle)]
pub extern "C" fn swim_core_needs_no_std() -> usize {
    let Ok(config) = Config::try_from(Options::lan()) else { return 0 };
    let boot = Boot { now: Instant::ZERO, wall: UnixMillis(0), seed: 0 };
    let mut node = Node::new(config, 1_u32, boot);
    let mut effects = Effects::new();
    node.handle(Instant::ZERO, Input::Tick, &mut effects);
    let mut list = ChangeList::<u32>::new();
    match wire::decode(ClusterId(0), wire::Limits::datagram(1400), &[], &mut list) {
        Ok(message) => wire::encoded_len(&message),
        Err(_) => effects.len(),
    }
}

/// Nothing runs, so nothing is ever allocated.
struct Nothing;

// SAFETY: a null pointer says that there is no memory, which is always allowed.
unsafe impl GlobalAlloc for Nothing {
    unsafe fn alloc(&self, _: Layout) -> *mut u8 {
        null_mut()
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static NOTHING: Nothing = Nothing;

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}
