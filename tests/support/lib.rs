//! What the cross-crate tests share: folders that vanish, the built programs as children that never
//! outlive a test, and peers that misbehave on purpose. It knows no test.

mod camera;
mod cargo;
mod cut;
mod evil;
mod evil_files;
#[cfg(target_os = "linux")]
mod fake_device;
#[cfg(target_os = "linux")]
mod lan;
mod person;
mod processes;
mod program;
mod scratch;
mod sound;
mod terminal;
#[cfg(target_os = "linux")]
mod usb_camera;

pub use camera::{FakeCamera, Mood};
pub use cargo::{cargo, root, transom};
pub use cut::Cut;
pub use evil::{Closed, Evil, Raw};
pub use evil_files::{
    EVIL_KEY, EvilReceipt, EvilReceiver, EvilSender, Reply, content_root, evil_public_key,
    file_entry, file_offer, folder_offer, with_path,
};
#[cfg(target_os = "linux")]
pub use fake_device::{DeviceMood, FakeDevice};
#[cfg(target_os = "linux")]
pub use lan::{Lan, Machine};
pub use person::Person;
pub use processes::Mark;
pub use program::{Finished, PATIENCE, Program, eventually};
pub use rustix::process::Signal;
pub use scratch::Scratch;
pub use sound::{FakeSoundServer, SINKS, SOURCES, ServerMood, server_replies};
pub use terminal::{Drawing, Terminal};
#[cfg(target_os = "linux")]
pub use usb_camera::{UsbCamera, UsbPictures};
