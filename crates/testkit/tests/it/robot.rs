//! The chat robot on the wire.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use monitor_simulator::{Fault, Times};
use monitor_testkit::robot::Robot;
use serde_json::{Value, json};

/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Status and body of the answer.
fn send(robot: &Robot, method: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", robot.port())).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(
        stream,
        "{method} /hook?key=k HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

#[tokio::test]
async fn a_robot_keeps_what_is_posted_and_answers_as_scripted() {
    let robot = Robot::start().await;
    let post = |body: &str| send(&robot, "POST", body);
    let code = |answer: &str| serde_json::from_str::<Value>(answer).unwrap()["errcode"].clone();
    assert_eq!(code(&post(r#"{"msgtype":"text"}"#).1), 0);
    robot.answer_json(200, &json!({ "errcode": 310000 }));
    assert_eq!(code(&post("not json").1), 310000);
    robot.answer(200, "text/plain", "ok");
    assert_eq!(post("{}").1, "ok");
    robot.fault("/hook", Fault::Status(429), Times::Once);
    assert_eq!(post("{}").0, 429);
    assert_eq!(
        robot.wait_for_bodies(4, PATIENCE).await[..2],
        [json!({ "msgtype": "text" }), json!(null)]
    );
    assert_eq!(send(&robot, "GET", "").0, 405);
}
