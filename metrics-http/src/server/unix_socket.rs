//! Binds Unix sockets, with mode and group, and removes their files.

use std::{
    fs::{self, Metadata, Permissions},
    io,
    os::{
        fd::OwnedFd,
        unix::{
            fs::{FileTypeExt, MetadataExt, PermissionsExt, lchown},
            net::UnixListener,
        },
    },
    path::{self, Path, PathBuf},
};

use socket2::{Domain, SockAddr, Socket, Type};

/// Who may connect to the Unix sockets that the server binds.
#[derive(Clone, Default)]
pub(super) struct SocketAccess {
    /// [`SocketAccess::mode`] has the default.
    pub(super) mode: Option<u32>,
    /// The name of a group, or its number.
    pub(super) group: Option<String>,
}

/// Binds a Unix socket, replacing a socket file that no process listens on.
pub(super) fn bind(path: &Path, access: &SocketAccess) -> io::Result<(SocketFile, UnixListener)> {
    if path.as_os_str().is_empty() {
        // Linux would choose a name in its abstract namespace, which has no permissions.
        return Err(invalid(
            "the path is empty; write one, such as `/run/app/metrics.sock`",
        ));
    }
    let mode = access.mode()?;
    let group = access.group.as_deref().map(group_id).transpose()?;
    let (socket, address) = (new_socket()?, SockAddr::unix(path)?);
    match socket.bind(&address) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            check_unused(path, &address)?;
            fs::remove_file(path)?;
            socket.bind(&address)?;
        }
        bound => bound?,
    }
    // Removes the file if one of the next steps fails.
    let file = SocketFile::new(path)?;
    // Nobody can connect before `listen`, so there is no time at which the permissions are too
    // wide. The umask could not be used instead, because it is that of the whole process.
    if group.is_some() {
        lchown(path, None, group).map_err(|error| explain(&error, "its group cannot be set"))?;
    }
    fs::set_permissions(path, Permissions::from_mode(mode))?;
    socket.listen(BACKLOG)?;
    Ok((file, UnixListener::from(OwnedFd::from(socket))))
}

impl SocketAccess {
    /// By default, the owner may connect, and the group if one is set.
    fn mode(&self) -> io::Result<u32> {
        let default = if self.group.is_some() { 0o660 } else { 0o600 };
        match self.mode.unwrap_or(default) {
            mode if mode <= 0o777 => Ok(mode),
            mode => Err(invalid(&format!(
                "its mode {mode:#o} is not a file mode; write one in octal, such as `0o660`"
            ))),
        }
    }
}

/// The number of a group, which is given as a number or by its name in `/etc/group`.
fn group_id(group: &str) -> io::Result<u32> {
    if let Ok(number) = group.parse() {
        return Ok(number);
    }
    let groups = fs::read_to_string(GROUPS).map_err(|error| {
        explain(
            &error,
            "`/etc/group` cannot be read; write the group's number",
        )
    })?;
    find_group(&groups, group).ok_or_else(|| {
        invalid(&format!(
            "the group `{group}` is not in `{GROUPS}`; create it, or write its number"
        ))
    })
}

fn find_group(groups: &str, name: &str) -> Option<u32> {
    groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        let is_it = fields.next() == Some(name);
        // The second field is the password.
        is_it.then(|| fields.nth(1)?.parse().ok()).flatten()
    })
}

/// Fails unless the file is a socket that no process listens on.
fn check_unused(path: &Path, address: &SockAddr) -> io::Result<()> {
    let in_use = |message| io::Error::new(io::ErrorKind::AddrInUse, message);
    if !fs::symlink_metadata(path)?.file_type().is_socket() {
        return Err(in_use(
            "the file is not a socket; choose another path or remove the file",
        ));
    }
    let client = new_socket()?;
    // Otherwise, `connect` would wait for a program that does not accept connections.
    client.set_nonblocking(true)?;
    match client.connect(address) {
        // The file was left by a program that ended without removing it.
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(in_use(
            "another program listens on it, and has stopped to accept connections; end that \
             program, or choose another path",
        )),
        Ok(()) => Err(in_use(
            "another program listens on it; end that program, or choose another path",
        )),
        Err(error) => Err(explain(
            &error,
            "the file exists, and it cannot be determined whether a program listens on it",
        )),
    }
}

fn new_socket() -> io::Result<Socket> {
    Socket::new(Domain::UNIX, Type::STREAM, None)
}

fn invalid(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

fn explain(error: &io::Error, message: &str) -> io::Error {
    io::Error::new(error.kind(), format!("{message}: {error}"))
}

/// The file of a Unix socket that this process has bound; removed on drop.
pub(super) struct SocketFile {
    /// Absolute, because the program may change its working directory.
    path: PathBuf,
    /// Device and inode.
    identity: (u64, u64),
}

impl SocketFile {
    fn new(path: &Path) -> io::Result<SocketFile> {
        Ok(SocketFile {
            path: path::absolute(path)?,
            identity: identity(&fs::symlink_metadata(path)?),
        })
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let metadata = fs::symlink_metadata(&self.path);
        // Another process may have replaced the file. Its inode differs, because the inode of this
        // file is in use as long as the socket is open.
        if metadata.is_ok_and(|metadata| identity(&metadata) == self.identity) {
            // Fails if the file was removed just now.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

const GROUPS: &str = "/etc/group";
/// The most connections of a listener that wait to be accepted; the kernel has a limit of its own.
pub(super) const BACKLOG: i32 = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_found_by_its_name() {
        let groups = "root:x:0:\n# comment\nbroken\nprom:x:998:a,b\nprometheus:x:999:\n";
        assert_eq!(find_group(groups, "prometheus"), Some(999));
        assert_eq!(find_group(groups, "prom"), Some(998));
        for missing in ["", "x", "broken", "a", "prometheus:x"] {
            assert_eq!(find_group(groups, missing), None, "{missing}");
        }
    }
}
