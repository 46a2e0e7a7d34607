#!/usr/bin/perl
# Joins its standard input and output with the guest's socket: /opt/seed/bridge [socket]. A cluster runs it in the
# sandbox for whoever wants to reach the guest. Waits for the socket to appear; ends when either side does.
use strict;
use warnings;
use IO::Select;
use IO::Socket::UNIX;

my ($path, $WAIT, $DRAIN, $PIECE) = (shift // '/run/seed/guest.sock', 30, 30, 65536);
$SIG{PIPE} = 'IGNORE';

my $socket;
for (my $until = time + $WAIT; ;) {
  last if $socket = IO::Socket::UNIX->new(Peer => $path);
  exit 69 if time >= $until;
  select undef, undef, undef, 0.05;
}
$_->blocking(0) for $socket, \*STDIN, \*STDOUT;

# Each way with what was read and not yet written; more is read when that is gone.
my @ways = map { { from => $_->[0], to => $_->[1], held => '', ended => 0 } }
  [\*STDIN, $socket], [$socket, \*STDOUT];
my ($in, $out) = @ways;
my $until;
until ($out->{ended} && $out->{held} eq '') {
  my $readable = IO::Select->new(map { $_->{from} } grep { !$_->{ended} && $_->{held} eq '' } @ways);
  my $writable = IO::Select->new(map { $_->{to} } grep { $_->{held} ne '' } @ways);
  my @ready = IO::Select->select($readable, $writable, undef, defined $until ? $until - time : undef);
  exit 0 if !@ready && defined $until && time >= $until;
  for my $way (@ways) {
    if ($way->{held} eq '' && !$way->{ended} && grep { $_ == $way->{from} } @{ $ready[0] // [] }) {
      my $bytes = sysread $way->{from}, $way->{held}, $PIECE;
      $way->{ended} = 1 if defined $bytes ? $bytes == 0 : !($!{EAGAIN} || $!{EINTR});
      $until = time + $DRAIN if $way == $in && $way->{ended};
    }
    if ($way->{held} ne '') {
      my $bytes = syswrite $way->{to}, $way->{held};
      if (defined $bytes) { substr $way->{held}, 0, $bytes, '' }
      elsif (!($!{EAGAIN} || $!{EINTR})) { exit 0 }
    }
    if ($way == $in && $in->{ended} && $in->{held} eq '' && !$in->{told}++) { shutdown $socket, 1 }
  }
}
