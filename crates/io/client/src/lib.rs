//! WHIP and WHEP clients.
