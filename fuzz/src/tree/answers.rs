//! Checks of the answers of a tree, whatever its bus does.

use std::collections::BTreeSet;

use owproto_core::message::Entries;
use owproto_core::message::listing::without_slash;
use owproto_core::server::End;
use owproto_core::text::RomId;
use owproto_core::tree::Aliases;
use owproto_core::wire::{Flags, Header, MessageType, Version};

use super::{Answered, Asked, Server, WORDS};

pub(super) fn check(asked: &Asked, answered: &Answered, room: usize) {
    let Answered { frames, end } = answered;
    for (header, payload) in frames {
        assert_eq!(header.version, Version::PLAIN);
        assert_eq!(header.flags, asked.flags, "persistence is granted to every request that asks for it");
        assert!(
            header.code >= 0
                || header == &Header { code: header.code, flags: asked.flags, ..Header::default() }
        );
        assert!(
            header.code <= 0
                || header.code == header.size && payload.len() == header.code.unsigned_abs() as usize
        );
    }
    match end {
        // The bus broke its contract within a frame, or the client disconnected.
        Some(End::AnswerAborted) => return,
        Some(End::TransportFailed) => return assert!(asked.patience < usize::MAX),
        Some(End::Answered) => assert!(!asked.flags.contains(Flags::PERSISTENCE)),
        None => assert!(asked.flags.contains(Flags::PERSISTENCE)),
        other => panic!("{other:?}, with room for {room} bytes"),
    }
    let Some(((header, payload), before)) = frames.split_last() else { panic!("no answer to {asked:?}") };
    assert!(before.is_empty() || asked.message_type == MessageType::DIR);
    for (header, entry) in before {
        let path = entry.strip_suffix(b"\0").expect("an entry ends with a NUL");
        assert!(path.starts_with(b"/") && !path.contains(&0));
        assert_eq!(usize::try_from(header.size), Ok(path.len()));
        assert_eq!((header.code, header.offset), (0, 0));
    }
    if header.code < 0 {
        return;
    }
    match asked.message_type {
        MessageType::NOP | MessageType::DIR => assert!(payload.is_empty()),
        MessageType::READ => {
            assert!(i32::try_from(payload.len()).unwrap() <= asked.size);
            assert_eq!(header.offset, if payload.is_empty() { 0 } else { asked.offset });
        }
        MessageType::WRITE => {
            assert!(payload.is_empty() && usize::try_from(header.size).unwrap() <= asked.data.len());
        }
        MessageType::PRESENCE => {
            let bytes: [u8; 8] = payload[..].try_into().unwrap();
            assert!(bytes == [0; 8] || RomId::from_bytes(bytes).is_ok());
            assert_eq!((header.size, header.offset), (0, 0));
        }
        MessageType::DIRALL | MessageType::DIRALLSLASH => {
            let list = payload.strip_suffix(b"\0").unwrap_or(payload);
            assert_eq!(usize::try_from(header.size), Ok(list.len()));
            assert!(payload.is_empty() || payload.ends_with(b"\0") && list.starts_with(b"/"));
        }
        MessageType::GET | MessageType::GETSLASH => {}
        other => panic!("{other:?} was answered with {header}"),
    }
}

/// Checks that the three listings of a directory have the same entries, each once, and that each entry exists.
pub(super) fn listings_agree(asked: &Asked, server: &mut Server<'_>) {
    if !matches!(asked.message_type, MessageType::DIR | MessageType::DIRALL | MessageType::DIRALLSLASH) {
        return;
    }
    let dir = server.ask(&asked.with_type(MessageType::DIR));
    let Some(((last, _), frames)) = dir.frames.split_last() else { panic!("no answer") };
    let mut listed = BTreeSet::new();
    let mut entries = Vec::new();
    for (_, entry) in frames {
        let entry = entry.strip_suffix(b"\0").unwrap();
        let is_new = listed.insert(entry.to_vec());
        assert!(is_new || has_odd_names(server), "{entry:?} is listed twice");
        entries.push(entry);
    }
    for message_type in [MessageType::DIRALL, MessageType::DIRALLSLASH] {
        let list = server.ask(&asked.with_type(message_type));
        let [(header, payload)] = &list.frames[..] else { panic!("{} frames", list.frames.len()) };
        if header.code == -42 {
            continue;
        }
        assert_eq!((header.code, header.offset), (last.code, last.offset), "{asked:?}");
        let has_commas =
            entries.iter().any(|entry| entry.ends_with(b",") || entry.windows(2).any(|two| two == b",/"));
        if !has_commas {
            assert!(Entries::list(payload).map(without_slash).eq(entries.iter().copied()), "{asked:?}");
        }
    }
    if has_odd_names(server) {
        return;
    }
    for entry in entries.iter().take(8) {
        let path = entry.to_vec();
        let asked = Asked { path, ..asked.with_type(MessageType::PRESENCE) };
        let presence = server.ask(&asked);
        assert_eq!(presence.frames[0].0.code, 0, "{asked:?} was listed");
    }
}

/// Whether a device has an alias that is also another name. owserver accepts such aliases, and so do we.
fn has_odd_names(server: &Server<'_>) -> bool {
    let aliases = server.tree.aliases();
    (0..).map_while(|n| aliases.nth(n)).any(|(_, alias)| {
        let is_word = |word: &&str| word.as_bytes().eq_ignore_ascii_case(alias) && *word != "kitchen";
        RomId::parse(alias).is_ok() || WORDS.iter().any(is_word)
    })
}
