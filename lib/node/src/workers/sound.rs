//! The threads of sound: `sound` moves samples between devices and the loop, `sounds` looks for
//! devices.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use transom_sound::{Controls, Engine, EngineSettings};

use super::{CLOSING, Workers};
use crate::sound::Inbox;

#[derive(Default)]
pub(super) struct SoundThreads {
    /// How to end the thread `sound`, and what is closed when it has ended.
    engine: Option<(Controls, Receiver<()>)>,
    lists: Option<Sender<()>>,
}

impl Workers {
    /// Starts the thread `sound`; `None`, and a line in the log, if that is not possible.
    pub(crate) fn start_sound(
        &mut self,
        settings: EngineSettings,
        inbox: Arc<Inbox>,
    ) -> Option<Controls> {
        let engine = Engine::new(settings, move |event| inbox.tell(event));
        let (engine, controls) = match engine {
            Ok(engine) => engine,
            Err(error) => {
                log::error!("there is no sound: {error}");
                return None;
            }
        };
        let (running, ended) = channel();
        self.start("sound", move || {
            engine.run();
            drop(running);
        });
        self.sound.engine = Some((controls.clone(), ended));
        Some(controls)
    }

    /// Looks which microphones and loudspeakers there are.
    pub(crate) fn list_sounds(&mut self, inbox: Arc<Inbox>) {
        let sender = match self.sound.lists.take() {
            Some(sender) => sender,
            None => {
                let (sender, wanted) = channel::<()>();
                self.start("sounds", move || {
                    for () in wanted {
                        inbox.list(transom_sound::list());
                    }
                });
                sender
            }
        };
        self.sound.lists = sender.send(()).is_ok().then_some(sender);
    }
}

impl SoundThreads {
    /// Ends them. What is written to a file of sound is complete then, unless a device holds the
    /// thread up for longer than [`CLOSING`].
    pub(super) fn close(&mut self) {
        self.lists = None;
        if let Some((controls, ended)) = self.engine.take() {
            controls.stop();
            // An error is what is waited for: the thread sends nothing.
            let _ = ended.recv_timeout(CLOSING);
        }
    }
}
