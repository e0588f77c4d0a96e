//! Who may have which call here, by the owner's settings and the peer's rights. It knows no
//! connection and no call.

use std::time::Duration;

use transom_users::Rights;
use transom_wire::{CallKind, EndReason};

use crate::settings::Settings;

/// What of the settings calls depend on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    pub(super) has_camera: bool,
    pub(super) taking: Taking,
    pub(super) ring_timeout: Duration,
    pub(super) call_patience: Duration,
    serves_camera: bool,
    max_talks: usize,
    max_viewers: usize,
}

/// Whether people can be called here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Taking {
    /// No user is there: a box, or a command.
    Never,
    /// The owner does not want to be rung.
    NotNow,
    Now,
}

/// How a call comes in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Welcome {
    /// A person is asked.
    Asked,
    /// By the right `auto`: as if a person had answered, with the camera on.
    AtOnce,
    /// By the right `view`, as a camera box serves every peer that may watch. What such a call
    /// sends is not shown.
    Served,
}

/// The calls and viewers that there are already.
#[derive(Clone, Copy, Debug)]
pub(super) struct Occupancy {
    pub(super) viewers: usize,
    /// Whether the very connection watches already.
    pub(super) watches: bool,
    /// Viewers of the key that rings, by all its connections.
    pub(super) its_viewers: usize,
    pub(super) talks: usize,
    /// Whether one of the talks is with the peer that rings.
    pub(super) talks_with_it: bool,
}

type Refusal = (EndReason, &'static str);

impl Policy {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            has_camera: settings.camera.is_some(),
            taking: match settings.takes_calls {
                true => Taking::Now,
                false => Taking::Never,
            },
            ring_timeout: settings.ring_timeout,
            call_patience: settings.call_patience,
            serves_camera: settings.serve_camera,
            max_talks: settings.max_talks,
            max_viewers: settings.max_viewers,
        }
    }

    /// What becomes of a ring.
    pub(super) fn judge(
        &self,
        kind: CallKind,
        rights: Rights,
        crowd: Occupancy,
    ) -> Result<Welcome, Refusal> {
        match kind {
            CallKind::View => self.judge_viewer(rights, crowd),
            // So that a window can simply call a box.
            _ if self.serves_camera && self.taking == Taking::Never => {
                self.judge_viewer(rights, crowd)
            }
            _ => self.judge_caller(rights, crowd),
        }
    }

    /// Whether a peer with these rights may watch, if there is something to watch.
    pub(super) fn may_watch(&self, rights: Rights) -> bool {
        rights.view && (self.serves_camera || rights.auto)
    }

    fn judge_viewer(&self, rights: Rights, crowd: Occupancy) -> Result<Welcome, Refusal> {
        match rights {
            _ if !rights.view => Err((EndReason::Forbidden, "you may not watch here")),
            _ if !self.has_camera => Err((EndReason::NoCamera, "there is no camera here")),
            _ if !self.may_watch(rights) => {
                Err((EndReason::Forbidden, "this camera is not for watching"))
            }
            // One place for each peer, so that none takes those of others.
            _ if crowd.watches => Err((EndReason::Busy, "you watch already")),
            _ if crowd.viewers >= self.max_viewers => {
                Err((EndReason::Busy, "all places for viewers are taken"))
            }
            // By its connections a key could take all the places.
            _ if crowd.its_viewers >= self.max_viewers.div_ceil(2) => {
                let why = "you watch with several programs already; the other places are kept for \
                           other contacts";
                Err((EndReason::Busy, why))
            }
            _ => Ok(Welcome::Served),
        }
    }

    fn judge_caller(&self, rights: Rights, crowd: Occupancy) -> Result<Welcome, Refusal> {
        match self.taking {
            Taking::Never => Err((EndReason::Forbidden, "nobody takes calls here")),
            _ if !rights.call => Err((EndReason::Forbidden, "you may not call here")),
            Taking::NotNow => Err((EndReason::Busy, "")),
            _ if crowd.talks_with_it => Err((EndReason::Busy, "in a call with you already")),
            _ if crowd.talks >= self.max_talks => Err((EndReason::Busy, "in another call")),
            _ if rights.auto => Ok(Welcome::AtOnce),
            _ => Ok(Welcome::Asked),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Identity;

    const NOBODY: Occupancy = Occupancy {
        viewers: 0,
        watches: false,
        its_viewers: 0,
        talks: 0,
        talks_with_it: false,
    };

    fn policy(change: impl FnOnce(&mut Settings)) -> Policy {
        let name = "box".parse().unwrap();
        let mut settings = Settings::new(name, Identity::throwaway().unwrap());
        settings.camera = Some(transom_media::CaptureRequest::default());
        change(&mut settings);
        Policy::new(&settings)
    }

    fn may(rights: &str) -> Rights {
        rights.parse().unwrap()
    }

    #[test]
    fn a_box_serves_calls_of_both_kinds_by_the_right_to_look() {
        let policy = policy(|settings| settings.serve_camera = true);
        for kind in [CallKind::View, CallKind::Talk] {
            assert_eq!(policy.judge(kind, may("view"), NOBODY), Ok(Welcome::Served));
            let refused = policy.judge(kind, may("call,auto"), NOBODY).unwrap_err();
            assert_eq!(refused.0, EndReason::Forbidden);
        }
    }

    #[test]
    fn nobody_takes_the_places_of_all_viewers() {
        for (most, of_one) in [(1, 1), (2, 1), (8, 4)] {
            let policy = policy(|settings| {
                (settings.serve_camera, settings.max_viewers) = (true, most);
            });
            let watch = |viewers, its_viewers| {
                let crowd = Occupancy {
                    viewers,
                    its_viewers,
                    ..NOBODY
                };
                policy.judge(CallKind::View, may("view"), crowd).is_ok()
            };
            assert!(watch(of_one - 1, of_one - 1));
            assert!(!watch(of_one, of_one));
            assert_eq!(watch(of_one, 0), of_one < most, "others still may");
            assert!(!watch(most, 0));
        }
    }

    #[test]
    fn a_person_is_asked_but_for_those_with_the_right_auto() {
        let policy = policy(|settings| settings.takes_calls = true);
        let judge = |rights, crowd| policy.judge(CallKind::Talk, may(rights), crowd);
        assert_eq!(judge("call", NOBODY), Ok(Welcome::Asked));
        assert_eq!(judge("call,auto", NOBODY), Ok(Welcome::AtOnce));
        assert_eq!(
            judge("view,auto", NOBODY).unwrap_err().0,
            EndReason::Forbidden
        );
        let looked = policy.judge(CallKind::View, may("view"), NOBODY);
        assert_eq!(looked.unwrap_err().0, EndReason::Forbidden);
    }

    #[test]
    fn who_has_no_time_is_busy() {
        let mut policy = policy(|settings| {
            settings.takes_calls = true;
            settings.max_talks = 2;
        });
        let one = Occupancy { talks: 1, ..NOBODY };
        let two = Occupancy { talks: 2, ..NOBODY };
        let same = Occupancy {
            talks_with_it: true,
            ..one
        };
        let judge = |policy: &Policy, crowd| policy.judge(CallKind::Talk, may("call"), crowd);
        assert_eq!(judge(&policy, one), Ok(Welcome::Asked));
        for crowd in [two, same] {
            assert_eq!(judge(&policy, crowd).unwrap_err().0, EndReason::Busy);
        }
        policy.taking = Taking::NotNow;
        assert_eq!(judge(&policy, NOBODY).unwrap_err().0, EndReason::Busy);
    }
}
