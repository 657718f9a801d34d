//! An answer, and what a test asks of it.

/// An answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// `x-amzn-requestid`.
    pub request_id: String,
    /// Body.
    pub body: String,
}

impl Reply {
    /// The texts of all elements of that name, in order.
    pub fn texts(&self, element: &str) -> Vec<String> {
        let document = roxmltree::Document::parse(&self.body).expect("parse the reply");
        document
            .descendants()
            .filter(|node| {
                node.has_tag_name(("http://elasticache.amazonaws.com/doc/2015-02-02/", element))
            })
            .map(|node| node.text().unwrap_or_default().to_owned())
            .collect()
    }

    /// The text of the only element of that name.
    pub fn text(&self, element: &str) -> String {
        let texts = self.texts(element);
        assert_eq!(texts.len(), 1, "one {element} in {}", self.body);
        texts.into_iter().next().unwrap_or_default()
    }

    /// Whether there is an element of that name.
    pub fn has(&self, element: &str) -> bool {
        !self.texts(element).is_empty()
    }

    /// Demands success.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.status, 200, "{}", self.body);
        self
    }

    /// Demands a fault with this code; returns its message.
    #[track_caller]
    pub fn fault(&self, status: u16, code: &str) -> String {
        assert_eq!(
            (self.status, self.text("Code").as_str()),
            (status, code),
            "{}",
            self.body
        );
        self.text("Message")
    }
}

impl Reply {
    /// The whole answer as an outline, one element a line; the request id, which is different each time, is left out.
    pub fn outline(&self) -> String {
        let document = roxmltree::Document::parse(&self.body).expect("be XML");
        let mut text = String::new();
        write_outline(document.root_element(), 0, &mut text);
        text
    }
}

fn write_outline(element: roxmltree::Node<'_, '_>, depth: usize, text: &mut String) {
    let name = element.tag_name().name();
    text.push_str(&"  ".repeat(depth));
    text.push_str(name);
    let mut children = element
        .children()
        .filter(|child| child.is_element())
        .peekable();
    if children.peek().is_none() && name != "RequestId" {
        text.push_str(": ");
        text.push_str(element.text().unwrap_or_default());
    }
    while text.ends_with(' ') {
        text.pop();
    }
    text.push('\n');
    for child in children {
        write_outline(child, depth + 1, text);
    }
}

/// Reads an answer to its end.
pub async fn reply(response: reqwest::Response) -> Reply {
    let header = response.headers().get("x-amzn-requestid");
    Reply {
        status: response.status().as_u16(),
        request_id: header
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned(),
        body: response.text().await.expect("read the answer"),
    }
}
