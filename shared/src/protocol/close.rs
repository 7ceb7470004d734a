//! Close codes: RFC 6455 section 7.4, and Parlor's own from 4000.

/// Why the gateway ends a connection, as the client sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CloseCode {
    /// The client said goodbye.
    Normal,
    /// The bytes were no WebSocket frames (an unmasked frame, a bad opcode).
    Protocol,
    /// A binary frame: Parlor speaks text only.
    Unsupported,
    /// A text frame that is not UTF-8.
    InvalidUtf8,
    /// A frame or a message beyond the limit.
    TooBig,
    /// The gateway failed; reconnect.
    Internal,
    /// The gateway is going away; reconnect after the delay it told in `sys.reconnect`.
    Restart,
    /// The gateway is full; reconnect later.
    TryAgainLater,
    /// Nobody signed in within the time allowed.
    SignInTimeout,
    /// `GET /ws?nickname=…` could not sign in; the error frame before says why.
    SignInRefused,
    /// The user was signed out elsewhere, or may not be here any more; `sys.signedOut` or an error
    /// frame before says why.
    SignedOut,
    /// The client reads slower than its rooms speak; reconnect and resume.
    SlowConsumer,
    /// The client did not answer a ping in time.
    PongTimeout,
    /// The client went on sending far past its rate limit.
    Flood,
}

impl CloseCode {
    /// Every code, each once.
    pub const ALL: [Self; 14] = [
        Self::Normal,
        Self::Protocol,
        Self::Unsupported,
        Self::InvalidUtf8,
        Self::TooBig,
        Self::Internal,
        Self::Restart,
        Self::TryAgainLater,
        Self::SignInTimeout,
        Self::SignInRefused,
        Self::SignedOut,
        Self::SlowConsumer,
        Self::PongTimeout,
        Self::Flood,
    ];

    /// The number on the wire.
    pub fn code(self) -> u16 {
        match self {
            Self::Normal => 1000,
            Self::Protocol => 1002,
            Self::Unsupported => 1003,
            Self::InvalidUtf8 => 1007,
            Self::TooBig => 1009,
            Self::Internal => 1011,
            Self::Restart => 1012,
            Self::TryAgainLater => 1013,
            Self::SignInTimeout => 4001,
            Self::SignInRefused => 4002,
            Self::SignedOut => 4003,
            Self::SlowConsumer => 4008,
            Self::PongTimeout => 4010,
            Self::Flood => 4029,
        }
    }

    /// The reason sent beside the number, for people who read logs; at most 123 bytes.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Normal => "goodbye",
            Self::Protocol => "not a valid WebSocket frame",
            Self::Unsupported => "text frames only",
            Self::InvalidUtf8 => "text must be UTF-8",
            Self::TooBig => "the frame is larger than this server takes",
            Self::Internal => "internal error, reconnect",
            Self::Restart => "the server restarts, reconnect",
            Self::TryAgainLater => "the server is full, try again later",
            Self::SignInTimeout => "nobody signed in",
            Self::SignInRefused => "sign-in refused",
            Self::SignedOut => "signed out",
            Self::SlowConsumer => "reading too slowly, reconnect and resume",
            Self::PongTimeout => "no answer to a ping",
            Self::Flood => "too many frames",
        }
    }
}
