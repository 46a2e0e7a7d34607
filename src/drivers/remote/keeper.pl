#!/usr/bin/perl
# Runs the guest in a sandbox whose vendor has no word of a program's end: /opt/seed/keeper, always as root.
#   run <seconds> <bytes of disk> <door, or -> <program...>
#                       starts it once, and ends it and all of the agent's then; safe to repeat
#   warm <program...>   starts it without a deadline, to be frozen with the machine: each copy of that is then told by
#   bind <seconds> <bytes of disk>
#   wait <seconds>      until it has ended, at most so long: "running", "none" (not started), or how it ended
#   until <seconds>     it ends so soon from now, if not earlier
#   usage               processor seconds and bytes of memory, of the whole sandbox
#   closed              what of the network can be reached that should not be
use strict;
use warnings;
use Fcntl ':flock';
use IO::Socket::INET;
use POSIX ':sys_wait_h';
use Time::HiRes qw(time alarm sleep);

my $DIR = '/run/seed';
my ($LOCK, $ENDED, $LAST_WORDS, $DEADLINE, $PID, $BOUND) =
  map { "$DIR/$_" } qw(alive ended last-words deadline keeper.pid bound);
my ($uid, $gid) = (getpwnam 'agent')[2, 3];
die "there is no user agent\n" unless $uid;
$| = 1;

my %verbs = (run => \&run, warm => sub { run('inf', 0, '-', @_) }, bind => \&bind_guest);
%verbs = (%verbs, wait => \&await, until => \&until_then, usage => \&usage, closed => \&closed);
my $verb = shift // '';
($verbs{$verb} // die "what is $verb?\n")->(@ARGV);

sub slurp { my ($path) = @_; open my $in, '<', $path or return ''; local $/; return scalar(<$in>) // '' }

sub put {
  my ($path, $text) = @_;
  open my $out, '>', "$path.new" or die "$path: $!\n";
  print $out $text;
  close $out;
  rename "$path.new", $path or die "$path: $!\n";
}

sub run {
  my ($seconds, $disk, $door, @program) = @_;
  my $diesAt = time + $seconds;
  mkdir $DIR;
  open my $lock, '>>', $LOCK or die "$LOCK: $!\n";
  exit 0 if !flock($lock, LOCK_EX | LOCK_NB) || -e $ENDED;
  # The end of a child, or word of an earlier deadline, breaks the sleep off: from the moment at which it can be told.
  $SIG{USR1} = $SIG{CHLD} = sub { };
  put($PID, $$);
  mounts($disk);
  put($LAST_WORDS, '');
  die "no door: $door\n" unless $door =~ m{^(-|https://[a-z0-9.-]+)$};
  my $way = $door eq '-' ? qq("listen":"$DIR/guest.sock") : qq("door":"$door");
  my $settings = qq({$way,"terminationLog":"$LAST_WORDS","runDir":null,)
    . ($seconds eq 'inf' ? '' : '"rehearsals":1,') . qq("agent":{"uid":$uid,"gid":$gid}});
  my $guest = fork // die "fork: $!\n";
  if ($guest == 0) {
    close $lock;
    setpgrp;
    my %kept = map { $_ => $ENV{$_} } grep { defined $ENV{$_} } qw(NODE_EXTRA_CA_CERTS SSL_CERT_FILE);
    my $path = join ':', '/usr/local/bin:/usr/bin:/bin', grep { -d } '/vercel/runtimes/node24/bin';
    %ENV = (PATH => $path, HOME => '/home/agent', LANG => 'C.UTF-8', TZ => 'UTC', %kept);
    chdir '/';
    open STDIN, '<', '/dev/null';
    open STDOUT, '>', '/dev/null';
    open STDERR, '>', "$DIR/said";
    exec { $program[0] } @program, $settings or POSIX::_exit(127);
  }
  my ($isLate, $status) = (0);
  for (;;) {
    my $told = slurp($DEADLINE);
    $diesAt = $told if $told && $told < $diesAt;
    my $left = $diesAt - time;
    if ($left <= 0 && !$isLate) { $isLate = 1; end_all($guest) }
    if (waitpid($guest, WNOHANG) == $guest) { $status = $?; last }
    sleep($isLate ? 0.02 : $left < 0.01 ? 0.01 : $left < 0.5 ? $left : 0.5);
  }
  end_all($guest);
  my $oom = slurp('/proc/vmstat') =~ /^oom_kill (\d+)$/m ? $1 : 0;
  my $signal = $status & 127;
  my $said = slurp($LAST_WORDS) || slurp("$DIR/said");
  my ($cpu, $memory) = measured();
  put($ENDED, join '', map { "$_\n" } 'ended', "code " . ($status >> 8), "signal $signal", "late $isLate",
    "oom " . ($oom && $signal == 9 ? 1 : 0), "cpu $cpu", "memory $memory", "said", substr $said, -2048);
}

sub bind_guest {
  my ($seconds, $disk) = @_;
  open my $lock, '<', $LOCK or die "no guest waits here\n";
  die "no guest waits here\n" if flock $lock, LOCK_SH | LOCK_NB;
  until_then($seconds);
  return if -e $BOUND;
  mounts($disk);
  put($BOUND, '');
}

# What the agent can write, together as large as it is to be. They end with the sandbox.
sub mounts {
  my ($disk) = @_;
  return unless $disk > 0;
  for (['/workspace', 0.625, "mode=0755,uid=$uid,gid=$gid"], ['/tmp', 0.25, 'mode=1777'],
    ['/home/agent', 0.09375, "mode=0755,uid=$uid,gid=$gid"], ['/dev/shm', 0.03125, 'mode=1777']) {
    my ($path, $share, $owner) = @$_;
    mkdir $path;
    my $size = int($disk * $share / 4096) * 4096;
    system('mount', '-t', 'tmpfs', '-o', "nosuid,nodev,$owner,size=$size", 'tmpfs', $path) == 0
      or die "mount $path\n";
  }
}

sub end_all {
  my ($guest) = @_;
  kill 'KILL', -$guest, $guest;
  for my $pass (1 .. 3) {
    opendir my $proc, '/proc' or return;
    my @theirs = grep { /^\d+$/ && ((stat "/proc/$_")[4] // 0) == $uid } readdir $proc;
    return unless @theirs;
    kill 'KILL', @theirs;
  }
}

sub await {
  my ($seconds) = @_;
  open my $lock, '<', $LOCK or do { print "none\n"; exit 0 };
  local $SIG{ALRM} = sub { print "running\n"; POSIX::_exit(0) };
  alarm $seconds;
  flock $lock, LOCK_SH or die "$LOCK: $!\n";
  alarm 0;
  print -e $ENDED ? slurp($ENDED) : "none\n";
}

sub until_then {
  my ($seconds) = @_;
  my ($then, $told) = (time + $seconds, slurp($DEADLINE));
  # It may be told before the program has begun to run.
  mkdir $DIR;
  put($DEADLINE, $then) unless $told && $told <= $then;
  my $pid = slurp($PID);
  kill 'USR1', $pid if $pid;
}

# A virtual machine counts for itself; elsewhere the processes that are there do, each with its children's.
sub measured {
  my $hertz = POSIX::sysconf(POSIX::_SC_CLK_TCK());
  my (undef, @machine) = split ' ', (split /\n/, slurp('/proc/stat'))[0] // '';
  my $all = 0;
  $all += $_ for grep { defined } @machine[0, 1, 2, 5, 6];
  my $ours = 0;
  for my $path (glob '/proc/[0-9]*/stat') {
    my @fields = split ' ', slurp($path) =~ s/^.*\)//sr;
    $ours += ($fields[$_] // 0) for 11 .. 14;
  }
  my $text = slurp('/proc/meminfo');
  my %kib = $text =~ /^(\w+):\s+(\d+) kB$/mg;
  my $used = (($kib{MemTotal} // 0) - ($kib{MemAvailable} // $kib{MemFree} // 0)) * 1024;
  return (sprintf('%.2f', ($all > $ours ? $all : $ours) / $hertz), $used > 0 ? $used : 0);
}

sub usage { my ($cpu, $memory) = measured(); print "cpu $cpu\nmemory $memory\n" }

sub closed {
  my @open;
  for my $peer ('1.1.1.1:443', '8.8.8.8:53', '169.254.169.254:80') {
    push @open, $peer if IO::Socket::INET->new(PeerAddr => $peer, Proto => 'tcp', Timeout => 2);
  }
  local $SIG{ALRM} = sub { print map { "open $_\n" } @open; print "checked\n"; POSIX::_exit(0) };
  alarm 4;
  push @open, 'DNS' if gethostbyname 'example.com';
  alarm 0;
  print map { "open $_\n" } @open;
  print "checked\n";
}
