use super::*;

#[test]
fn paths_with_a_nul_or_too_many_bytes_are_refused() {
    assert_eq!(Request::read("/a\0b"), Err(RequestError::PathContainsNul { at: 2 }));
    let long = [b'a'; MAX_PATH_LEN + 1];
    assert_eq!(Request::presence(&long), Err(RequestError::PathTooLong { len: MAX_PATH_LEN + 1 }));
    let longest = Request::dir(&long[..MAX_PATH_LEN]).unwrap();
    assert_eq!(longest.header().payload, 4095);
}

#[test]
fn sizes_and_offsets_out_of_range_are_refused() {
    let read = Request::read("/").unwrap();
    assert_eq!(read.header().size, 65536);
    assert_eq!(read.with_size(1).unwrap().header().size, 1);
    assert_eq!(read.with_size(100_050).unwrap().header().size, 100_050);
    for size in [0, 100_051, u32::MAX] {
        assert_eq!(read.with_size(size), Err(RequestError::SizeOutOfRange { size }));
    }
    assert!(Request::write("/", "x").unwrap().with_size(1).is_err());
    assert_eq!(read.with_offset(0x7fff_ffff).unwrap().header().offset, i32::MAX);
    assert!(read.with_offset(0x8000_0000).is_err());
}

#[test]
fn bodies_above_the_limit_are_refused() {
    let data = [0; MAX_BODY_LEN];
    assert!(Request::write("/", &data[..MAX_BODY_LEN - 2]).is_ok());
    assert_eq!(Request::write("/", &data[1..]), Err(RequestError::BodyTooLarge { len: MAX_BODY_LEN + 1 }));
    let tokens = [[7; 16]; 6253];
    let nop = Request::nop();
    assert!(nop.with_tokens(Tokens::new(&tokens).unwrap()).is_ok());
    let read = Request::read("/1").unwrap();
    assert!(read.with_tokens(Tokens::new(&tokens).unwrap()).is_err());
}

#[test]
fn tokens_set_their_count_in_the_version_word() {
    let tokens = [[7; 16], [8; 16]];
    let request = Request::nop().with_tokens(Tokens::new(&tokens).unwrap()).unwrap();
    assert_eq!(request.header().version, Version::with_tokens(2));
    assert_eq!(request.header().payload, 0);
    assert_eq!(request.encoded_len(), 24 + 32);
    let odd = request.with_raw_version(Version(0x0400_0007));
    assert_eq!(odd.header().version, Version(0x0401_0002));
}

#[test]
fn encoding_needs_a_buffer_of_the_encoded_length() {
    let request = Request::write("/p", "data").unwrap();
    let mut buffer = [0xa5; 24 + 2 + 1 + 4];
    let encoded = request.encode(&mut buffer).unwrap();
    assert_eq!(&encoded[24..], b"/p\0data");
    let needed = buffer.len();
    let mut short = [0xa5; 30];
    assert_eq!(request.encode(&mut short), Err(RequestError::BufferTooSmall { needed, available: 30 }));
    assert_eq!(short, [0xa5; 30]);
}

#[test]
fn payload_and_tokens_share_one_limit() {
    // As in the captured exchanges tokens_at_limit and tokens_over_limit.
    let tokens = std::vec![[7; 16]; 6254];
    let with = |count: usize| {
        let request = Request::read("/").unwrap();
        request.with_tokens(Tokens::new(&tokens[..count]).unwrap()).map(|request| request.encoded_len())
    };
    assert_eq!(with(6253), Ok(HEADER_LEN + MAX_BODY_LEN));
    assert_eq!(with(6254), Err(RequestError::BodyTooLarge { len: MAX_BODY_LEN + 16 }));
}
