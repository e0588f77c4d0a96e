//! The numbers of the protocol: its version, commands and error codes.

/// The version that is spoken, and the oldest server that is spoken to.
pub(super) const VERSION: u32 = 15;

/// Commands and messages, by their numbers.
pub(super) mod command {
    pub(in super::super) const ERROR: u32 = 0;
    pub(in super::super) const REPLY: u32 = 2;
    pub(in super::super) const CREATE_PLAYBACK_STREAM: u32 = 3;
    pub(in super::super) const CREATE_RECORD_STREAM: u32 = 5;
    pub(in super::super) const AUTH: u32 = 8;
    pub(in super::super) const SET_CLIENT_NAME: u32 = 9;
    pub(in super::super) const GET_PLAYBACK_LATENCY: u32 = 14;
    pub(in super::super) const GET_SERVER_INFO: u32 = 20;
    pub(in super::super) const GET_SINK_INFO: u32 = 21;
    pub(in super::super) const GET_SINK_INFO_LIST: u32 = 22;
    pub(in super::super) const GET_SOURCE_INFO: u32 = 23;
    pub(in super::super) const GET_SOURCE_INFO_LIST: u32 = 24;
    pub(in super::super) const SUBSCRIBE: u32 = 35;
    pub(in super::super) const REQUEST: u32 = 61;
    pub(in super::super) const PLAYBACK_STREAM_KILLED: u32 = 64;
    pub(in super::super) const RECORD_STREAM_KILLED: u32 = 65;
    pub(in super::super) const SUBSCRIBE_EVENT: u32 = 66;
    pub(in super::super) const PLAYBACK_STREAM_MOVED: u32 = 78;
    pub(in super::super) const RECORD_STREAM_MOVED: u32 = 79;
}

/// Error codes of the server.
pub(super) mod code {
    pub(in super::super) const ACCESS: u32 = 1;
    pub(in super::super) const NO_ENTITY: u32 = 5;
    pub(in super::super) const AUTH_KEY: u32 = 9;
    pub(in super::super) const KILLED: u32 = 12;
}
