#!/usr/bin/perl
# The agent's `seed`: hands the call to a process that has the CLI loaded, and is its terminal meanwhile.
# Installed by cli-host.ts, which fills in the two paths; cli-frames.ts tells the wire. Perl, because it is in the image
# (git needs it), starts as fast as a shell, and holds all streams in one process. No modules: each costs as much again.
my ($host, $cli) = ('@HOST@', '@CLI@');

# What only a process of its own can have is run by Node, as is everything when there is no host.
sub run_node { exec '/usr/bin/env', 'node', $cli, @ARGV; exit 127 }
run_node() if grep { /^(?:NODE_|UV_|SSL_|OPENSSL_|PERL|LD_)/ } keys %ENV;
# Perl reads this file by the first free descriptor, so by one of the streams where one is closed.
my @streams = map { readlink "/proc/self/fd/$_" } 0 .. 2;
for my $number (0 .. 2) {
  next if defined $streams[$number] && $streams[$number] !~ m{/bin/seed$};
  close((*STDIN, *STDOUT, *STDERR)[$number]);
  run_node();
}
run_node() if grep { m{/dev/(?:fd|std|tty)|/proc/(?:self|thread-self|\d+)/} } @ARGV;
my $folder = readlink '/proc/self/cwd';
run_node() unless defined $folder && $folder !~ / \(deleted\)$/;
my $line;
socket($line, 1, 1, 0) && connect($line, pack 'S Z108', 1, $host) or run_node();

# The whole text, whatever interrupts it; false when it cannot be written.
sub put {
  my ($to, $text) = @_;
  for (my $at = 0; $at < length $text;) {
    my $count = syswrite $to, $text, length($text) - $at, $at;
    if (defined $count) { $at += $count }
    elsif ($! == 11) { my $free = ''; vec($free, fileno $to, 1) = 1; select undef, $free, undef, undef }
    elsif ($! != 4) { return 0 }
  }
  return 1;
}

# A signal is passed on at once, but not into the middle of a frame.
my ($telling, @signals) = (0);
sub tell_host {
  my ($type, $body) = @_;
  $telling = 1;
  put($line, pack 'a N/a*', $type, $body);
  $telling = 0;
  while (@signals) { tell_host('K', chr shift @signals) }
}
my %signal = (HUP => 1, INT => 2, QUIT => 3, USR2 => 12, TERM => 15);
for my $name (keys %signal) {
  $SIG{$name} = sub { if ($telling) { push @signals, $signal{$name} } else { tell_host('K', chr $signal{$name}) } };
}
$SIG{PIPE} = 'IGNORE';

sub columns {
  my $to = shift;
  return '' unless -t $to;
  my $size = "\0" x 8;
  return ioctl($to, 0x5413, $size) ? (unpack 'S2', $size)[1] : 0; # TIOCGWINSZ
}

my (%broken, $failed);
sub show {
  my ($number, $to, $text) = @_;
  return if $broken{$number} || put($to, $text);
  my $error = $! + 0;
  $broken{$number} = 1;
  $failed = "$!" unless $error == 32;
  tell_host('C', chr($number) . chr $error);
}

my $terminal;
sub raw_mode {
  my $on = shift;
  $terminal //= `stty -g` || return;
  chomp $terminal;
  system 'stty', $on ? ('raw', '-echo') : $terminal;
}

sub finish {
  my ($code, $number) = @_;
  raw_mode(0) if defined $terminal;
  if (defined $number) {
    my ($name) = grep { $signal{$_} == $number } keys %signal;
    $SIG{$name} = 'DEFAULT' if defined $name;
    kill $number, $$;
    $code = 128 + $number;
  }
  elsif ($code == 0 && defined $failed) {
    syswrite STDERR, "seed: the output could not be written: $failed\n";
    $code = 1;
  }
  exit $code;
}

tell_host('A', join("\0", $folder, umask(), columns(*STDIN), columns(*STDOUT), columns(*STDERR), scalar(@ARGV), @ARGV,
  map({ "$_=$ENV{$_}" } keys %ENV)) . "\0");

my ($got, $wanted) = ('', 0);
while (1) {
  while (length $got >= 5) {
    my ($type, $length) = unpack 'a N', $got;
    last if length $got < 5 + $length;
    my $body = substr $got, 5, $length;
    substr($got, 0, 5 + $length) = '';
    if ($type eq 'O') { show(1, *STDOUT, $body) }
    elsif ($type eq 'E') { show(2, *STDERR, $body) }
    elsif ($type eq 'R') { $wanted = 1 }
    elsif ($type eq 'T') { raw_mode($body) }
    elsif ($type eq 'X') { finish(ord $body) }
    elsif ($type eq 'S') { finish(undef, ord $body) }
    elsif ($type eq 'N') { close $line; run_node() }
  }
  my $ready = '';
  vec($ready, fileno $line, 1) = 1;
  vec($ready, 0, 1) = 1 if $wanted;
  next if select($ready, undef, undef, undef) < 0;
  if ($wanted && vec $ready, 0, 1) {
    my $count = sysread STDIN, my $text, 65536;
    next if !defined $count && ($! == 4 || $! == 11);
    tell_host('I', $count ? $text : '');
    $wanted = 0;
  }
  next unless vec $ready, fileno $line, 1;
  my $count = sysread $line, $got, 262144, length $got;
  next if !defined $count && $! == 4;
  next if $count;
  syswrite STDERR, "seed: the call was cut off\n";
  finish(1);
}
