//! One session whose peer is the fuzzer, frame by frame.

use alloc::vec;
use transom_wire::limits::{LEAF, RECORD_BULK};
use transom_wire::{
    Again, Capabilities, Collision, Done, EndReason, Ending, Entry, EntryKind, Hello, LeafContent,
    Message, Offer, Progress, RelativePath, Shape, SoundCodec, SoundState, Start, TransferKey,
};

use super::choices::Choices;
use super::laws::{every_call, failed, ignore, kind, picture, stats};
use super::sound::sound;
use crate::{
    CallEvent, CallId, Config, Connection, Event, Instant, LeafData, Side, TransferEvent,
    TransferId,
};

/// A small queue, so that its limit is reached.
const QUEUE: usize = 4096;
/// Set aside for a picture when it begins.
const PICTURES: usize = 64 * 1024;
/// Bytes of the file that is sent: more than the fuzzer grants at once.
const SIZE: usize = 1000;
/// Bytes of sound that wait at most: 80 frames of PCM.
const SOUND: usize = 80 * 960;
/// What both ends take, as their Hellos say.
const TAKES: Capabilities = Capabilities(Capabilities::SOUND.0 | Capabilities::OPUS.0);
/// What one round of verbs can add to the queues.
const ANSWERS: usize = 16 * 1024;

/// One session whose peer is the fuzzer.
pub(super) struct Lone {
    pub(super) connection: Connection,
    /// Frames of sound queued.
    sounds: u32,
}

impl Lone {
    pub(super) fn new(dialer: bool) -> Self {
        let side = if dialer { Side::Dialer } else { Side::Listener };
        let mut config = Config::new("lone".parse().unwrap(), 1, 5);
        config.control_queue = QUEUE;
        config.grant_window = 1000;
        config.max_transfers = 3;
        config.max_calls = 3;
        config.capabilities = TAKES;
        let mut connection = Connection::new(config, side, Instant(1_000_000));
        let name = "fuzzer".parse().unwrap();
        let hello = Hello {
            session: 2,
            nonce: 9 * u64::from(dialer),
            capabilities: TAKES,
            clock: 0,
            name,
        };
        let mut bytes = [0; 128];
        let used = Message::Hello(hello).encode(0, 0, &mut bytes).unwrap();
        connection
            .handle_bytes(&bytes[..used], Instant(1_000_000))
            .unwrap();
        Self {
            connection,
            sounds: 0,
        }
    }

    /// Takes events out, answers some, and uses a verb.
    pub(super) fn react(&mut self, choices: &mut Choices<'_>, clock: Instant) {
        while let Some(event) = self.connection.poll_event() {
            self.answer(event, choices, clock);
        }
        self.verb(choices);
    }

    fn answer(&mut self, event: Event, choices: &mut Choices<'_>, clock: Instant) {
        let (yes, index) = (choices.flag(), u32::from(choices.byte() % 4));
        match event {
            Event::Call(call, event) if yes => self.answer_call(call, &event, clock),
            Event::Transfer(file, event) => self.answer_transfer(file, &event, yes, index),
            _ => {}
        }
    }

    fn answer_call(&mut self, call: CallId, event: &CallEvent, clock: Instant) {
        match event {
            CallEvent::Ringing(_) => ignore(self.connection.session.answer(call)),
            CallEvent::Picture(picture) => {
                ignore(
                    self.connection
                        .session
                        .shown(call, picture.head.sequence, clock),
                );
            }
            _ => {}
        }
    }

    fn answer_transfer(&mut self, file: TransferId, event: &TransferEvent, yes: bool, index: u32) {
        let session = &mut self.connection.session;
        let offset = 0;
        match event {
            TransferEvent::Offered(_) if yes => ignore(session.accept(file, 0)),
            TransferEvent::Entry(_) if yes => {
                ignore(session.start(file, &Start { index, offset }));
            }
            TransferEvent::Entry(_) => ignore(session.failed(file, failed(index))),
            TransferEvent::Leaf { leaf, size } => {
                ignore(session.stored(file, leaf.len_in(*size), Progress::default()));
                if yes {
                    let (index, leaves) = (leaf.index, 1);
                    ignore(session.again(
                        file,
                        &Again {
                            index,
                            offset,
                            leaves,
                        },
                    ));
                }
            }
            TransferEvent::Ended(end) => {
                ignore(session.done(
                    file,
                    &Done {
                        index: end.index,
                        root: end.root,
                    },
                ));
            }
            TransferEvent::Finish { .. } => ignore(session.finished(file, Ending::Durable, "")),
            TransferEvent::Accepted { .. } => ignore(session.entry(file, &entry())),
            TransferEvent::Started(_) | TransferEvent::Again(_) => {
                ignore(session.leaf(
                    file,
                    LeafData {
                        index: 0,
                        offset,
                        hash: [0; 32],
                        content: LeafContent::Data,
                        bytes: vec![0; SIZE],
                    },
                ));
            }
            _ => {}
        }
    }

    fn verb(&mut self, choices: &mut Choices<'_>) {
        self.sounds += 1;
        let now = Instant(1_000_000);
        let session = &mut self.connection.session;
        let (on, value) = (choices.flag(), choices.byte());
        let frame = sound(SoundCodec::from_code(value % 4), self.sounds, now.0);
        match choices.byte() % 16 {
            0 => ignore(session.ring(kind(on))),
            1 => ignore(session.text("x")),
            2 => ignore(session.offer(&offer())),
            3 => every_call(|call| ignore(session.send_picture(call, picture(value)))),
            4 => every_call(|call| ignore(session.hang_up(call, EndReason::Chosen, "no"))),
            5 => {
                let mut out = vec![0; RECORD_BULK];
                self.connection.poll_transmit(&mut out, Instant(1_000_000));
            }
            6 | 7 => every_call(|call| ignore(session.send_sound(call, frame.clone(), now))),
            8 => every_call(|call| ignore(session.sound_end(call))),
            9 => every_call(|call| ignore(session.sound_state(call, SoundState::Muted, "shh"))),
            10 => every_call(|call| ignore(session.listen(call, on))),
            11 if on => every_call(|call| ignore(session.camera_stats(call, stats(value)))),
            11 => every_call(|call| ignore(session.want_stats(call, value % 2 == 0))),
            _ => {}
        }
    }

    /// What is held is bounded: the queues by their limit, and what is not yet whole by what may be
    /// set aside for it.
    pub(super) fn check(&self) {
        let held = self.connection.session.stats(Instant(1_000_000)).held;
        let most = 2 * QUEUE + 3 * (LEAF + SIZE + PICTURES) + SOUND + RECORD_BULK + ANSWERS;
        assert!(held <= most, "{held} bytes held");
    }
}

fn offer() -> Offer<'static> {
    Offer {
        transfer: TransferKey([7; 16]),
        shape: Shape::Folder,
        collision: Collision::Rename,
        files: 1,
        bytes: SIZE as u64,
        is_counted: true,
        name: RelativePath::new("x").unwrap(),
    }
}

fn entry() -> Entry<'static> {
    Entry {
        index: 0,
        kind: EntryKind::File,
        mode: 0,
        mtime: 0,
        size: SIZE as u64,
        path: RelativePath::new("x").unwrap(),
    }
}
