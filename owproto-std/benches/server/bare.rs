//! The bound for any server: an epoll loop that reads the bytes of a request and writes those of its answer, without parsing
//! anything.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use rustix::buffer::spare_capacity;
use rustix::event::epoll;

/// The number of the listener in events.
const LISTENER: u64 = u64::MAX;

/// Serves on this thread until the process is killed. Calls `ready` with the address.
pub(crate) fn serve(request_len: usize, reply_len: usize, ready: impl FnOnce(SocketAddr)) -> ! {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let watch = epoll::create(epoll::CreateFlags::CLOEXEC).expect("there is epoll");
    let data = |number| epoll::EventData::new_u64(number);
    epoll::add(&watch, &listener, data(LISTENER), epoll::EventFlags::IN).expect("it can be watched");
    ready(listener.local_addr().expect("it has an address"));
    let mut sockets: Vec<Option<TcpStream>> = Vec::new();
    let mut requests = vec![0; 65_536];
    let replies = vec![0; reply_len * (requests.len() / request_len)];
    let mut events = Vec::with_capacity(1024);
    loop {
        events.clear();
        epoll::wait(&watch, spare_capacity(&mut events), None).expect("it waits");
        for event in events.drain(..) {
            let number = event.data.u64();
            if number == LISTENER {
                let (socket, _) = listener.accept().expect("there is a file for it");
                socket.set_nodelay(true).expect("it is a TCP socket");
                let number = data(u64::try_from(sockets.len()).expect("it fits"));
                epoll::add(&watch, &socket, number, epoll::EventFlags::IN).expect("it can be watched");
                sockets.push(Some(socket));
                continue;
            }
            let slot = &mut sockets[usize::try_from(number).expect("it was an index")];
            let Some(socket) = slot else { continue };
            let count = socket.read(&mut requests).unwrap_or_default() / request_len;
            if count == 0 || socket.write_all(&replies[..count * reply_len]).is_err() {
                *slot = None;
            }
        }
    }
}
