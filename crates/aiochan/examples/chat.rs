//! A chat: what is said in a room reaches everybody who is in it.
//!
//! What to learn from it: publish and subscribe. `publish` reads a channel and finds each value's topic;
//! whoever subscribes to a topic gets every value of it, on a channel of their own. A subscriber that is
//! behind holds up the others, so a guest who may be away gets a `sliding` buffer: the latest is kept.

use aiochan::{Buf, Chan};

#[derive(Clone)]
struct Msg {
    room: &'static str,
    text: String,
}

fn main() {
    let said = Chan::new();
    let chat = said.publish(|msg: &Msg| msg.room);

    let ann = chat.sub_with("rust", 16);
    let joe = chat.sub_with("go", 16);
    let away = chat.sub_with("rust", Buf::sliding(1));

    for n in 1..=3 {
        for room in ["rust", "go", "empty"] {
            let text = format!("{n} in {room}");
            said.put_blocking(Msg { room, text }).unwrap();
        }
    }
    said.close(); // the rooms close when all is handed out

    for (name, messages) in [("Ann", ann), ("Joe", joe), ("somebody away", away)] {
        let texts: Vec<String> = messages.iter().map(|msg| msg.text).collect();
        println!("{name}: {}", texts.join(", "));
    }
}
