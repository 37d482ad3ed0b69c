# SPDX-License-Identifier: MIT
"""The machines that tools/run boots an image on: Bochs, and QEMU.

A machine is a child process in a directory of its own, and two file
descriptors: what its serial port sends, and where that port's input goes.
"""

import ctypes
import fcntl
import json
import os
import pty
import signal
import socket
import struct
import subprocess
import termios
import threading
import time
import tty

from bochs_display import PictureDisplay, TextDisplay
from socket_relay import Relay

BOCHS = "/usr/bin/bochs"
BOCHS_SHARE = "/usr/share/bochs"
QEMU = "/usr/bin/qemu-system-x86_64"
OVMF = "/usr/share/ovmf/OVMF.fd"

PANIC = ">>PANIC<<"    # in Bochs's log

TEXT_SCREEN = 0xb8000    # of the VGA: 25 rows of 80 characters and attributes
QUIET, QUIET_MAX = 1.0, 20.0    # seconds, until QEMU's screen changes no more

# Short names of Bochs's CPU models that have VMX.
BOCHS_CPUS = {
    "penryn": "core2_penryn_t9600",
    "lynnfield": "corei5_lynnfield_750",
    "arrandale": "corei5_arrandale_m520",
    "sandybridge": "corei7_sandy_bridge_2600k",
    "ivybridge": "corei7_ivy_bridge_3770k",
    "haswell": "corei7_haswell_4770",
    "broadwell": "broadwell_ult",
    "skylake": "corei7_skylake_x",
    "cannonlake": "corei3_cnl",
    "icelake": "corei7_icelake_u",
    "tigerlake": "tigerlake",
}

# ips: instructions per emulated second; fewer cost wall-clock time wherever a
# guest waits for a timer. reset_on_triple_fault=0 ends the run there instead.
# The serial port's other end is a pty. Whole seconds of the BIOS's own delays
# fall away with fastboot.
BOCHSRC = """\
config_interface: textconfig
display_library: {display}
memory: guest={memory}, host={memory}
romimage: file={share}/BIOS-bochs-latest, options=fastboot
vgaromimage: file={share}/VGABIOS-lgpl-latest
cpu: model={cpu}, count=1, ips={ips}, reset_on_triple_fault=0, \
ignore_bad_msrs=1
clock: sync=none, time0=utc
ata0-master: type=cdrom, path={image}, status=inserted
boot: cdrom
com1: enabled=1, mode=term, dev={serial}
{second}
vga: extension=vbe, update_freq=1, realtime=0
sound: waveoutdrv=dummy
port_e9_hack: enabled=0
log: bochs.log
logprefix: %t%e%d
panic: action=fatal
error: action=report
info: action=ignore
debug: action=ignore
"""
SECOND_PORT = "com2: enabled=1, mode=term, dev={serial}"


class MachineError(Exception):
    """The machine can't be started; the message says why, and what to do."""


def nested_vmx():
    """True if KVM here can give a QEMU guest VMX."""
    try:
        with open("/sys/module/kvm_intel/parameters/nested") as parameter:
            return (parameter.read().strip() in ("Y", "1")
                    and os.access("/dev/kvm", os.R_OK | os.W_OK))
    except OSError:
        return False


def open_pty():
    """A raw pty: (master, slave)."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    return master, slave


class Machine:
    """The common part of both machines: child processes and their end."""

    def __init__(self):
        self.children = []
        self.child = None    # the emulator, one of these
        self.output = None    # file descriptor: output of the serial port
        self.input = None     # file descriptor: goes to the serial port,
        self.has_keyboard = False    # or to the keyboard
        self.directory = None

    def spawn(self, argv, **options):
        """Starts a child process; it dies with us, however we die."""
        libc = ctypes.CDLL(None, use_errno=True)
        pr_set_pdeathsig = 1

        def in_child():
            os.setsid()
            libc.prctl(pr_set_pdeathsig, signal.SIGKILL)

        if not os.access(argv[0], os.X_OK):
            raise MachineError(f"{argv[0]} is missing: run tools/deps")
        child = subprocess.Popen(argv, cwd=self.directory,
                                 preexec_fn=in_child, **options)
        self.children.append(child)
        return child

    def link_plainly(self, name, path):
        """A plain name for a file: no blank or comma in the emulators' own
        syntax, whatever is in the path."""
        os.symlink(os.path.abspath(path), os.path.join(self.directory, name))
        return name

    def is_running(self):
        return self.child.poll() is None

    def input_waiting(self):
        """The number of bytes of input that the machine has not taken yet."""
        return 0

    def kill(self):
        """Ends the emulator first, then the other children."""
        for child in reversed(self.children):
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL if child is self.child
                          else signal.SIGTERM)
            child.wait()

    def read_log(self, name):
        try:
            with open(os.path.join(self.directory, name),
                      errors="replace") as log:
                return log.read().splitlines()
        except OSError:
            return []


class Bochs(Machine):
    """Bochs emulates VMX in software: it needs nothing of the host."""

    default_cpu = "haswell"
    ips = 50_000_000

    def __init__(self):
        super().__init__()
        self.relay = None    # between COM2 and a socket
        self.terminal = b""    # the last that Bochs wrote to its terminal

    def start(self, args, image, directory):
        self.directory = directory
        cpu = args.cpu or self.default_cpu
        master, slave = open_pty()
        if args.screen and not args.screen.endswith(".txt"):
            width, height = map(int, args.graphics.split("x")[:2])
            self.display = PictureDisplay(self, width, height)
        else:
            self.display = TextDisplay(self)
        config = BOCHSRC.format(memory=args.memory, share=BOCHS_SHARE,
                                display=self.display.library,
                                cpu=BOCHS_CPUS.get(cpu, cpu), ips=self.ips,
                                image=self.link_plainly("image", image),
                                serial=os.ttyname(slave),
                                second=self.second_port(args))
        with open(os.path.join(directory, "bochsrc"), "w") as file:
            file.write(config)
        # Debian's Bochs has the debugger, which waits for a "c"ontinue.
        with open(os.path.join(directory, "rc"), "w") as file:
            file.write("c\n")

        # The debugger needs a terminal: it gets one that nobody watches. The
        # machine's display then makes a terminal of its own.
        screen = self.unwatched_terminal()
        self.child = self.spawn(
            [BOCHS, "-q", "-f", "bochsrc", "-rc", "rc"],
            stdin=screen, stdout=screen, stderr=screen,
            env=dict(os.environ, **self.display.environment))
        os.close(screen)
        # The slave stays open here, or the master would report a hangup
        # before Bochs has opened it.
        self.serial_slave = slave
        self.output = self.input = master
        if not self.display.open() and (args.screen or args.keyboard):
            raise MachineError("Bochs shows no display")
        if args.keyboard:
            self.has_keyboard = True
            self.input = os.open(self.display.terminal,
                                 os.O_WRONLY | os.O_NOCTTY)

    def second_port(self, args):
        """The line of COM2: gdb's socket, or the file of the trace."""
        if args.trace:
            return ("com2: enabled=1, mode=file, dev="
                    + self.link_plainly("trace", args.trace))
        if not args.gdb:
            return ""
        master, self.second_slave = open_pty()
        self.relay = Relay(args.gdb, master)
        return SECOND_PORT.format(serial=os.ttyname(self.second_slave))

    def kill(self):
        super().kill()
        if self.relay:
            self.relay.close()

    def screendump(self, path):
        """Saves the screen: its text (.txt) or a picture (PPM)."""
        self.display.dump(path)

    def input_waiting(self):
        count = fcntl.ioctl(self.serial_slave, termios.FIONREAD, b"\0" * 4)
        return struct.unpack("i", count)[0]

    def unwatched_terminal(self):
        """Opens a terminal for Bochs's complaints; returns its slave end."""
        master, slave = pty.openpty()
        size = struct.pack("HHHH", 50, 132, 0, 0)
        fcntl.ioctl(slave, termios.TIOCSWINSZ, size)

        def drain():
            try:
                while data := os.read(master, 65536):
                    self.terminal = (self.terminal + data)[-8192:]
            except OSError:    # the slave is closed: Bochs has ended
                pass

        self.drainer = threading.Thread(target=drain, daemon=True)
        self.drainer.start()
        return slave

    def complaint(self):
        """Why Bochs ended, in its own words."""
        self.drainer.join(1)
        lines = self.terminal.decode(errors="replace").splitlines()
        panics = [line for line in lines + self.read_log("bochs.log")
                  if PANIC in line]
        return panics[-1].split(PANIC)[1].strip() if panics else ""

    def has_started(self):
        """False if Bochs didn't get past its configuration."""
        return os.path.exists(os.path.join(self.directory, "bochs.log"))


class Qemu(Machine):
    """QEMU: with KVM where that gives VMX, else its own emulation."""

    def start(self, args, image, directory):
        self.directory = directory
        kvm = nested_vmx()
        argv = [QEMU, "-nodefaults", "-no-user-config", "-display", "none",
                "-machine", "q35", "-vga", "std", "-net", "none",
                "-accel", "kvm" if kvm else "tcg",
                "-cpu", args.cpu or ("host" if kvm else "max"),
                "-m", str(args.memory), "-smp", str(args.processors),
                "-no-reboot",
                "-chardev", "stdio,id=com1,signal=off",
                "-device", args.uart + ",chardev=com1",
                "-qmp", "unix:qmp,server=on,wait=off"]
        if args.gdb:
            path = os.path.abspath(args.gdb).replace(",", ",,")
            argv += ["-chardev",
                     f"socket,id=com2,server=on,wait=off,path={path}",
                     "-device", "isa-serial,index=1,chardev=com2"]
        if args.trace:
            argv += ["-chardev",
                     f"file,id=com2,path={self.link_plainly('trace', args.trace)}",
                     "-device", "isa-serial,index=1,chardev=com2"]
        if args.acpi_table:
            argv += ["-acpitable",
                     f"file={self.link_plainly('acpi', args.acpi_table)}"]
        if args.bare and not kvm:
            # Its clock counts instructions: a busy host does not make it jump.
            argv += ["-icount", "shift=3,sleep=off"]
        if args.stick:
            argv += ["-drive", "if=none,id=stick,format=raw,readonly=on,"
                     f"file={self.link_plainly('image', image)}", "-device", "qemu-xhci",
                     "-device", "usb-storage,drive=stick,bootindex=0"]
        else:
            argv += ["-cdrom", self.link_plainly("image", image), "-boot", "d"]
        if args.firmware == "uefi":
            if not os.path.isfile(OVMF):
                raise MachineError(f"{OVMF} is missing: run tools/deps")
            argv += ["-bios", OVMF]
        if args.screen:
            # The picture is taken after the end: keep the machine.
            argv += ["-action", "shutdown=pause"]
        else:
            argv += ["-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"]
        with open(os.path.join(directory, "qemu.log"), "wb") as log:
            self.child = self.spawn(argv, stdin=subprocess.PIPE,
                                    stdout=subprocess.PIPE, stderr=log)
        self.output = self.child.stdout.fileno()
        self.input = self.child.stdin.fileno()

    def ask_qemu(self, *commands):
        """Has QEMU carry out commands: (name, arguments); the last answer."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as qmp:
            qmp.settimeout(10)
            qmp.connect(os.path.join(self.directory, "qmp"))
            stream = qmp.makefile("rw")
            stream.readline()    # QEMU's greeting
            for name, arguments in (("qmp_capabilities", {}),) + commands:
                stream.write(json.dumps({"execute": name,
                                         "arguments": arguments}) + "\n")
                stream.flush()
                answer = {}
                while "return" not in answer and "error" not in answer:
                    answer = json.loads(stream.readline())
                if "error" in answer:
                    raise OSError(answer["error"]["desc"])
        return answer["return"]

    def read_screen(self, form):
        """Returns the screen: the cells of its text (txt), or a picture."""
        path = os.path.join(self.directory, "screen")
        if form == "txt":
            self.ask_qemu(("pmemsave", {"val": TEXT_SCREEN, "size": 80 * 25 * 2,
                                        "filename": path}))
        else:
            self.ask_qemu(("screendump", {"filename": path, "format": form}))
        with open(path, "rb") as file:
            return file.read()

    def screendump(self, path):
        """Saves the screen: its text (.txt) or a picture (.png, or PPM)."""
        form = {".txt": "txt", ".png": "png"}.get(path[-4:], "ppm")
        deadline = time.monotonic() + QUIET_MAX
        before, shown = None, self.read_screen(form)
        while shown != before and time.monotonic() < deadline:
            time.sleep(QUIET)
            before, shown = shown, self.read_screen(form)
        if form == "txt":
            text = shown[::2].decode("latin1")
            shown = "".join(text[row:row + 80].rstrip() + "\n"
                            for row in range(0, len(text), 80)).encode()
        with open(path, "wb") as file:
            file.write(shown)

    def complaint(self):
        """Why QEMU ended, in its own words."""
        lines = self.read_log("qemu.log")
        return lines[-1] if lines else ""

    def has_started(self):
        """False if QEMU refused its command line."""
        return not self.complaint()


MACHINES = {"bochs": Bochs, "qemu": Qemu}
