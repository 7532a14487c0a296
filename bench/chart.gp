# gnuplot -e "chart = 'claims'; scenes = 3" chart.gp: draws claims.svg from
# claims.dat; or, chart = 'growth', growth.svg from orders.dat and sales.dat

set datafile separator "\t"
set datafile missing '?'
set border 3 linecolor '#888888'
set tics nomirror
set grid ytics linecolor '#dddddd'

if (chart eq 'claims') {
    set terminal svg size 900,420 dynamic font 'sans-serif,13' background 'white'
    set output 'claims.svg'
    set title 'Claims a second, one worker (higher is better)'
    set style data histograms
    set style histogram clustered gap 1
    set style fill solid 0.9 noborder
    set boxwidth 0.9
    set yrange [0:*]
    set format y '%.0s%c'
    set key outside right top
    array colour[3] = ['#1f77b4', '#d95f02', '#7a9a3a']
    set xtics rotate by -20 scale 0
    set bmargin 5
    plot for [i = 2:scenes + 1] 'claims.dat' using i:xticlabels(1) \
        title columnheader(i) linecolor rgb colour[i - 1]
} else {
    set terminal svg size 900,560 dynamic font 'sans-serif,12' background 'white'
    set output 'growth.svg'
    set multiplot layout 2,2 title 'What growth costs'
    unset key
    set logscale x
    set format x '10^{%L}'
    set style data linespoints
    set linetype 1 linecolor rgb '#1f77b4' linewidth 2 pointtype 7 pointsize 0.6
    set xlabel 'orders in the store'
    set yrange [0:*]
    set title 'CPU for a losing claim, us'
    plot 'orders.dat' using 1:2
    set title 'Start until the first answer, s'
    plot 'orders.dat' using 1:4
    set logscale y
    set yrange [10:*]
    set title 'Shared memory, bytes an order'
    plot 'orders.dat' using 1:3
    unset logscale y
    set yrange [0:*]
    set xlabel 'sales'
    set title 'CPU for a losing claim, us'
    plot 'sales.dat' using 1:2
    unset multiplot
}
