//! Images made from one program.

use std::collections::BTreeMap;
use std::time::Duration;

use cacheplane::runtime::{ContainerState, ImportedImage, RestartPolicy, Runtime};

use crate::fixture::{Fixture, docker, eventually, with_docker};

/// A whole static program for Linux on x86-64, in machine code: it writes `hello` to its standard output and ends with
/// code 7. Small enough to check by eye, so the test needs no compiler.
#[cfg(target_arch = "x86_64")]
fn static_program() -> Vec<u8> {
    let code: &[u8] = &[
        0xb8, 1, 0, 0, 0, // mov eax, 1 (write)
        0xbf, 1, 0, 0, 0, // mov edi, 1
        0x48, 0x8d, 0x35, 19, 0, 0, 0, // lea rsi, [rip + 19]: the text behind the code
        0xba, 6, 0, 0, 0, // mov edx, 6
        0x0f, 0x05, // syscall
        0xb8, 60, 0, 0, 0, // mov eax, 60 (exit)
        0xbf, 7, 0, 0, 0, // mov edi, 7
        0x0f, 0x05, // syscall
        b'h', b'e', b'l', b'l', b'o', b'\n',
    ];
    let base: u64 = 0x40_0000;
    let (header_length, program_header_length) = (64u64, 56u64);
    let start = header_length + program_header_length;
    let total = start + code.len() as u64;
    let mut program = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    program.extend([2u16, 62].map(u16::to_le_bytes).concat());
    program.extend(1u32.to_le_bytes());
    program.extend(
        [base + start, header_length, 0]
            .map(u64::to_le_bytes)
            .concat(),
    );
    program.extend(0u32.to_le_bytes());
    program.extend([64u16, 56, 1, 0, 0, 0].map(u16::to_le_bytes).concat());
    program.extend([1u32, 5].map(u32::to_le_bytes).concat());
    program.extend(
        [0, base, base, total, total, 0x1000]
            .map(u64::to_le_bytes)
            .concat(),
    );
    program.extend(code);
    program
}

#[cfg(target_arch = "x86_64")]
#[tokio::test]
async fn a_static_program_becomes_an_image() {
    with_docker(async |fixture| {
        let image = ImportedImage {
            repository: fixture.image_repository(),
            program_path: "/hello".into(),
            program: static_program().into(),
            labels: BTreeMap::from([(
                "io.cacheplane.test".to_owned(),
                "a \"quoted\" $value \\ in C:\\".to_owned(),
            )]),
            volumes: vec!["/state".into()],
        };
        fixture.runtime.ensure_imported_image(&image).await.unwrap();
        imported(fixture, image).await;
    })
    .await;
}

#[cfg(target_arch = "x86_64")]
async fn imported(fixture: Fixture, image: ImportedImage) {
    let reference = image.reference();
    assert_eq!(
        fixture
            .runtime
            .images_present(std::slice::from_ref(&reference))
            .await
            .unwrap(),
        [true]
    );
    let id = || docker(&["inspect", &reference, "--format", "{{.Id}}"]);
    let first = id();
    fixture.runtime.ensure_imported_image(&image).await.unwrap();
    assert_eq!(id(), first, "made once");
    let label = docker(&[
        "inspect",
        &reference,
        "--format",
        "{{index .Config.Labels \"io.cacheplane.test\"}}",
    ]);
    assert_eq!(label, "a \"quoted\" $value \\ in C:\\");
    assert_eq!(
        docker(&["inspect", &reference, "--format", "{{.Config.Volumes}}"]),
        "map[/state:{}]"
    );
    let other = ImportedImage {
        program: b"another".as_slice().into(),
        ..image
    };
    assert_ne!(other.reference(), reference);

    let mut spec = fixture.redis("hello", 5).await;
    (spec.image, spec.command, spec.restart_policy) = (reference, vec![], RestartPolicy::Never);
    fixture.runtime.ensure_container(&spec).await.unwrap();
    let ended = eventually("the end", async || {
        let found = fixture
            .runtime
            .container(&spec.name)
            .await
            .unwrap()
            .unwrap();
        (found.state == ContainerState::Exited).then_some(found)
    })
    .await;
    assert_eq!(ended.exit_code, Some(7));
    assert_eq!(
        fixture.runtime.logs_tail(&spec.name, 10).await.unwrap(),
        "hello\n"
    );
    fixture
        .runtime
        .remove_container(&spec.name, Duration::ZERO)
        .await
        .unwrap();
}
