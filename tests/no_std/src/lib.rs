//! A program without std that links wire and proto. std has a panic handler too, and two of them
//! don't compile: so this builds only as long as neither crate, nor any below them, brings std in.
#![no_std]

use core::alloc::{GlobalAlloc, Layout};
use core::panic::PanicInfo;

use transom_proto as _;
use transom_wire as _;

/// Satisfies the linker; this program is built and never run.
struct Nothing;

// SAFETY: a null pointer is how an allocator says that there is no memory.
unsafe impl GlobalAlloc for Nothing {
    unsafe fn alloc(&self, _: Layout) -> *mut u8 {
        core::ptr::null_mut()
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static NOTHING: Nothing = Nothing;

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}
